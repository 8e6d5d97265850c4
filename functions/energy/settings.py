"""Settings of the energy function."""

from ocpi.settings import Settings as Base


class Settings(Base):
    """Where all it serves is stored, and where people sign in (empty: nowhere, as on the local AWS)."""

    partners_table: str
    objects_table: str
    sites_table: str
    deliveries_table: str
    optimize_queue_url: str
    public_base_url: str
    sign_in_url: str
    page_client_id: str
