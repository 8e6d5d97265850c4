"""Which object or partner a URL means."""

from dataclasses import dataclass

from ocpi.parties.own import INTERFACES, OwnPlatform
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.partner import Partner
from ocpi.store.partners import Partners
from ocpi.transport.status import invalid, unknown
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import InterfaceRole, ModuleID

MAX_ID_LENGTH = 39
"""Of a credit CDR; all others have 36 characters at most."""

MAX_PARTNER_ID_LENGTH = 64


@dataclass(frozen=True)
class Addresses:
    """Reads the parts of paths.

    Args:
        own: our parties.
        partners: our partners.
    """

    own: OwnPlatform
    partners: Partners

    def party(self, country_code: str, party_id: str) -> Party:
        """Our party of that name.

        Raises:
            OcpiError: HTTP 404 if none of ours is called so.
        """
        party = self.own.find(country_code, party_id)
        if party is None:
            ours = ", ".join(map(str, self.own.parties))
            raise unknown(f"party {country_code[:2]}/{party_id[:3]}; this platform's own are {ours}")
        return party

    def owner(self, module: ModuleID, country_code: str, party_id: str) -> Party:
        """The same, which has a market role that owns objects of the module.

        Raises:
            OcpiError: HTTP 404 if there is none.
        """
        party = self.party(country_code, party_id)
        if party not in self._having(module, InterfaceRole.SENDER):
            name = str(party)
            raise unknown(f"list: {name} owns no {module}, for its roles are {', '.join(self._roles(party))}")
        return party

    def speaker(self, module: ModuleID, side: InterfaceRole, named: Party | None, where: str) -> Party:
        """Our party that has that interface of the module: the one that is `named`, else the only one there is.

        Raises:
            OcpiError: 2001, saying `where` it is named, if that is none of ours or it is not clear which.
        """
        candidates = self._having(module, side)
        chosen = [party for party in candidates if named is None or party.named(named.country_code, named.party_id)]
        if len(chosen) != 1:
            names = ", ".join(map(str, candidates)) or "none"
            raise invalid(f"{where}: must be one of our parties with the role for it: {names}")
        return chosen[0]

    def _having(self, module: ModuleID, side: InterfaceRole) -> list[Party]:
        return [
            party
            for party in self.own.parties
            if any((module, side) in INTERFACES[role] for role in self._roles(party))
        ]

    def _roles(self, party: Party) -> list[Role]:
        return [own.role for own in self.own.roles if party.named(own.country_code, own.party_id)]

    def object(self, module: ModuleID, country_code: str, party_id: str, id_: str) -> ObjectId:
        """An object of ours.

        Raises:
            OcpiError: HTTP 404 if we cannot own it.
        """
        party = self.owner(module, country_code, party_id)
        return ObjectId(OWN, module, party.country_code, party.party_id, printable_id(id_))

    def partner(self, partner_id: str) -> Partner:
        """A partner.

        Raises:
            OcpiError: HTTP 404 if there is none of that id.
        """
        partner = self.partners.get(_printable("partner", partner_id, MAX_PARTNER_ID_LENGTH))
        if partner is None:
            raise unknown(f"partner {partner_id}")
        return partner


def received(partner: Partner, module: ModuleID, country_code: str, party_id: str, id_: str) -> ObjectId:
    """An object that came from a party over a partner's connection.

    Raises:
        OcpiError: HTTP 404 if there can be none of that name.
    """
    party = others_party(country_code, party_id)
    return ObjectId(partner.id, module, party.country_code, party.party_id, printable_id(id_))


def others_party(country_code: str, party_id: str) -> Party:
    """A party that is not ours.

    Raises:
        OcpiError: HTTP 404 if none can be called so.
    """
    return Party(_printable("country code", country_code, 2), _printable("party id", party_id, 3))


def partners_party(partner: Partner, country_code: str, party_id: str) -> Party:
    """A party that the partner speaks for.

    Raises:
        OcpiError: HTTP 404 if it does not.
    """
    party = others_party(country_code, party_id)
    if not partner.owns(party.country_code, party.party_id):
        raise unknown(f"party {party}: the partner {partner.id} has not registered it")
    return party


def printable_id(text: str) -> str:
    """The id of an object or a request.

    Raises:
        OcpiError: HTTP 404 if it can be none.
    """
    return _printable("id", text, MAX_ID_LENGTH)


def _printable(what: str, text: str, longest: int) -> str:
    if 0 < len(text) <= longest and text.isascii() and text.isprintable():
        return text
    raise unknown(f"{what} {text[:longest]!r}: it has 1 to {longest} printable ASCII characters")
