"""The command `ocpi`: operators invite partners and describe sites with it."""
