"""How a request is fulfilled: footage found, copies handed to the subject or shown on site."""
