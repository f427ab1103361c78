"""The conductor: owns machines, and moves them through their lives."""
