"""Speaking with BMCs: the only place that touches pyghmi. Start at `bus.IpmiBus`."""
