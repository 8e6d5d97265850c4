"""Lambda handler of the sessions module."""

import ocpi.starting  # noqa: F401 - before all else
from ocpi.parties.serving import Serving
from ocpi.types.versions import InterfaceRole, ModuleID
from sessions import receiver, sender
from sessions.settings import Settings

serving = Serving.of(ModuleID.SESSIONS, Settings.load())
interfaces = {
    InterfaceRole.SENDER: sender.routes(serving.objects, serving.listing, serving.url(InterfaceRole.SENDER)),
    InterfaceRole.RECEIVER: receiver.routes(serving.objects),
}
handler = serving.handler(interfaces)
