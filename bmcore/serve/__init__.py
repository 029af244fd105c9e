"""A finished model as an HTTP service on this machine, and the client that pages use. `client` and `record` import nothing heavy."""
