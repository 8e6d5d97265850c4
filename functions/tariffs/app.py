"""Lambda handler of the tariffs module."""

import ocpi.starting  # noqa: F401 - before all else
from ocpi.parties.serving import Serving
from ocpi.types.versions import InterfaceRole, ModuleID
from tariffs import receiver, sender
from tariffs.settings import Settings

serving = Serving.of(ModuleID.TARIFFS, Settings.load())
interfaces = {
    InterfaceRole.SENDER: sender.routes(serving.listing, serving.url(InterfaceRole.SENDER)),
    InterfaceRole.RECEIVER: receiver.routes(serving.objects),
}
handler = serving.handler(interfaces)
