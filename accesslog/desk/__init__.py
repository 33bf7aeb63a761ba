"""The search desk: finding entries among millions, putting questions, handing answers out."""
