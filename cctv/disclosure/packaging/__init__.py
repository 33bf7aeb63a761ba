"""The job that makes packages, and the one that ends them."""
