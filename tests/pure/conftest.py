"""Settings of the pure tests."""

from hypothesis import settings

# A busy machine makes an example slow, not wrong.
settings.register_profile("pvc", deadline=None)
settings.load_profile("pvc")
