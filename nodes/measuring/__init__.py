"""Many runs measured: what Sigmatic Compare and Fit Schedule do. Uses all rooms of nodes/ but `page`."""
