"""What compiled kernels need, whatever family they are of: compiling with a cache that notices changes, and sharing work among threads."""
