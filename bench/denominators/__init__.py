"""What our own figures are divided by. Each script is short and frozen: changing one changes
every figure, so it needs a reason in the commit.
"""
