"""A pretend biller: what each bill owes, who paid it, and the ways in which it misbehaves."""
