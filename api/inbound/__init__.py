"""Events that providers send us: one desk takes them, and each kind of object has an owner here."""
