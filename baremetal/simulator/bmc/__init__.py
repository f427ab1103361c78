"""A BMC that answers IPMI 2.0 / RMCP+ on UDP for any chassis."""
