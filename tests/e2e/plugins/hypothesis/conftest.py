from hypothesis import settings

# The same examples in each run, and no database that a run would learn from.
settings.register_profile("equal", derandomize=True, database=None, deadline=None)
settings.load_profile("equal")
