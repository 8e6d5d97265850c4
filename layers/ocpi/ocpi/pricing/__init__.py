"""What charging costs: sessions priced by OCPI tariffs, CDRs made and verified. Pure: no AWS, no I/O, no float."""
