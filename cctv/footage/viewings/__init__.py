"""The parts of a viewing's life; `cctv.footage.viewing` is the door to them."""
