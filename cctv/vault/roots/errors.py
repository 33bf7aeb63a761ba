"""What can go wrong with roots that another machine keeps."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class RootUnavailable(LetheError):
    """OpenBao does not answer, is sealed, or does not let us in."""

    code = "root_unavailable"
    status = 503
    message = _("The key server does not answer as it should. Until it does, no new key is made or opened.")
    hint = _(
        "Check that OpenBao runs, is unsealed, and that its token is still valid: “manage.py vault status”."
    )


class RootSettings(LetheError):
    """The settings of the root provider cannot be used."""

    code = "root_settings"
    status = 503
    message = _("The settings of the key server are not complete or not safe.")
    hint = _("See “Several hosts: keys in OpenBao” in the operator guide.")


class RootGone(LetheError):
    """The transit key of this ring is not in OpenBao."""

    code = "root_gone"
    status = 503
    message = _("The keyring is there, but OpenBao does not have the key that opens it.")
    hint = _(
        "Check the address and the mount of OpenBao, or put its storage back: a new key opens no footage."
    )


class RootNotDestroyed(LetheError):
    """An old root still opens after it was to be destroyed."""

    code = "root_not_destroyed"
    status = 503
    message = _("OpenBao still has the old root key. Until it is gone, nothing is opened.")
    hint = _("Check that the token may change and trim the key; this is tried again before any read.")


class KeyringUnavailable(LetheError):
    """The shared keyring cannot be reached: whether ours is current is not known."""

    code = "keyring_unavailable"
    status = 503
    message = _("The shared keyring cannot be reached, so that nothing can be opened.")
    hint = _("Check the object store: what is opened must be known to be current.")


class KeyringMoved(LetheError):
    """Another host changed the keyring first; tried again by itself."""

    code = "keyring_moved"
    status = 503
    message = _("Other hosts keep changing the keys.")
    hint = _("Try again.")


class StoreUnconditional(LetheError):
    """The object store ignores conditions, so two hosts could overwrite each other's keys."""

    code = "store_unconditional"
    status = 503
    message = _("The object store overwrites objects although it was told not to.")
    hint = _("Keys of several hosts need a store with conditional writes (If-Match, If-None-Match).")


class MoveUnfinished(LetheError):
    """A root file lies here although the keys are to be in OpenBao."""

    code = "root_move_unfinished"
    status = 503
    message = _("The key folder still has a root key file, but the settings say that OpenBao keeps the root.")
    hint = _("Stop Lethe on all hosts, then run “manage.py vault move-root --to openbao”.")


class MoveRefused(LetheError):
    """The root cannot be moved now."""

    code = "root_move_refused"
    status = 409
    message = _("The root keys were not moved. Nothing was changed.")
    hint = _("Every mirror must be reachable, and no other keyring may lie at the new place.")
