"""Python twins of ungil's workloads, one module each; see ../README.md for what a twin is."""
