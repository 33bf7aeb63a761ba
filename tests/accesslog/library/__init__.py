"""Another project that adopts the access log: a clinic that logs who opened which file. Knows no cctv."""
