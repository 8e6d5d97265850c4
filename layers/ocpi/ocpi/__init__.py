"""The shared package of the platform: OCPI types, transport, store, parties and delivery."""
