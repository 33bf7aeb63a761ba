"""Where a source may lie: what a person who may add sources must not reach by naming a folder."""

import os
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from cctv.footage.models import Segment
from cctv.ingest import marker, selectors, sources
from cctv.ingest.closed import stroll
from cctv.ingest.errors import ForeignFolder
from cctv.ingest.models import Source
from cctv.ingest.sources import SourceRefused
from cctv.sites.models import Site
from cctv.vault import services as vault
from tests.ingest.test_pages import form

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def add(office, folder: object, **values) -> Source:
    values = {"name": "New", "layout": "ffmpeg", "time_zone": "Asia/Seoul", "folder": str(folder), **values}
    return sources.add_source(actor=office.admin, terminal="", site=office.site, values=values)


def refusal(office, folder: object) -> str:
    """The sentence beside the field; nothing was written."""
    with pytest.raises(SourceRefused) as refused:
        add(office, folder)
    assert refused.value.field == "folder"
    assert not Source.objects.filter(name="New").exists()
    return str(refused.value.message)


def elsewhere(office, settings, name: str = "elsewhere") -> Path:
    """A folder outside of the drop root that the administrator of the machine has named."""
    folder: Path = office.home.parent / name
    folder.mkdir()
    settings.LETHE_SOURCE_ROOTS = [*settings.LETHE_SOURCE_ROOTS, str(folder)]
    return folder


def other_site(office) -> Site:
    return Site.objects.create(
        organisation=office.site.organisation, code="osaka", name="Osaka", time_zone="Asia/Tokyo",
        jurisdiction="JP", storage_place="x",
    )  # fmt: skip


# What may be a source


def test_a_folder_outside_of_the_roots_is_refused_until_the_setting_names_it(office, settings, tmp_path):
    folder = tmp_path / "share" / "nvr"
    folder.mkdir(parents=True)
    sentence = refusal(office, folder)
    assert "LETHE_SOURCE_ROOTS" in sentence
    assert str(office.home / "drop") in sentence
    assert not (folder / marker.NAME).exists()
    settings.LETHE_SOURCE_ROOTS = [str(folder)]
    assert add(office, folder).folder == str(folder)


def test_a_root_whose_name_begins_alike_is_another_one(office):
    (office.home / "drop-2").mkdir()
    assert "LETHE_SOURCE_ROOTS" in refusal(office, office.home / "drop-2")


def test_the_drop_folders_are_the_root_by_default():
    from config.settings import storage

    assert [str(storage.LETHE_DROP_ROOT)] == storage.LETHE_SOURCE_ROOTS


@pytest.mark.parametrize("place", ["/proc", "/sys", "/dev", "/proc/self/root{drop}", "/proc/self/cwd"])
def test_folders_of_the_system_are_refused_even_below_a_root(office, settings, place):
    settings.LETHE_SOURCE_ROOTS = ["/"]
    assert "/proc" in refusal(office, place.format(drop=office.drop))


def test_a_link_is_judged_by_where_it_leads(office, settings, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    link = office.home / "drop" / "link"
    link.symlink_to(secret)
    assert "LETHE_SOURCE_ROOTS" in refusal(office, link)
    assert "LETHE_SOURCE_ROOTS" in refusal(office, office.drop / ".." / ".." / ".." / "secret")
    link.unlink()
    link.symlink_to(office.drop)
    assert add(office, link).folder == str(office.drop), "what was judged is what is swept"


def test_lethes_own_folders_are_refused_by_any_name(office, settings, tmp_path):
    settings.LETHE_SOURCE_ROOTS = [str(tmp_path)]
    settings.LETHE_KEY_MIRRORS = [str(tmp_path / "mirror")]
    settings.LETHE_FOOTAGE_ROOT = tmp_path / "disk" / "footage"
    link = tmp_path / "link"
    link.symlink_to(office.home)
    for name in ("mirror", "mirror/inner", "disk", "disk/footage/ab", "home/db", "home/keys", "home/footage",
                 "home", "home/drop", "link/footage", "link"):  # fmt: skip
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        assert "other things of Lethe's" in refusal(office, tmp_path / name), name


def test_the_same_folder_under_another_name_is_recognised_by_its_inode(office, settings, monkeypatch):
    """As a bind mount shows it: no link, another path, the same device and inode."""
    folder = elsewhere(office, settings)
    (folder / "inner").mkdir()
    stat, footage = Path.stat, os.stat(office.home / "footage")

    def as_bound(self, **options):
        return footage if self == folder else stat(self, **options)

    monkeypatch.setattr(Path, "stat", as_bound)
    for place in (folder, folder / "inner"):
        assert "other things of Lethe's" in refusal(office, place)


def test_invariant_8_another_sites_folder_is_refused_without_its_name(office, settings):
    theirs = office.source(name="Secret vault", site=other_site(office))
    for folder in (office.drop, office.drop / "inner"):
        sentence = refusal(office, folder)
        assert "overlaps with that of another source" in sentence
        assert theirs.name not in sentence
    Source.objects.filter(pk=theirs.pk).update(site=office.site)
    assert "Secret vault" in refusal(office, office.drop)


@pytest.mark.parametrize("inner", [".", "inner"])
def test_a_folder_at_or_below_somebody_elses_marker_is_refused(office, inner):
    marker.write(office.drop, installation="somebody else's", source_id=office.site.pk)
    with pytest.raises(ForeignFolder):
        add(office, office.drop / inner)
    assert not Source.objects.exists()


# Trying a folder


def test_invariant_8_trying_a_folder_lists_nothing_that_could_not_be_watched(office, tmp_path):
    client = Client()
    client.force_login(office.admin)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "gate_2026-11-14_10-02-03.mp4").write_bytes(b"x")
    (office.home / "drop" / "link").symlink_to(secret)
    marked = office.home / "drop" / "marked"
    marked.mkdir()
    (marked / "gate_2026-11-14_10-02-03.mp4").write_bytes(b"x")
    marker.write(marked, installation="somebody else's", source_id=office.site.pk)
    mine = office.source()
    tried = [("source-add", []), ("source-edit", [mine.pk])]
    places = (secret, f"/proc/self/root{secret}", office.home / "drop" / "link", marked, "/")
    for name, arguments in tried:
        for folder in places:
            values = form(office, folder=str(folder), **{"try": "1"})
            page = client.post(reverse(name, args=arguments), values).content.decode()
            assert "10-02-03" not in page, folder
            assert "first files would become" not in page
            assert 'aria-invalid="true"' in page
    own = form(office, folder=str(office.drop), **{"try": "1"})
    page = client.post(reverse("source-edit", args=[mine.pk]), own).content.decode()
    assert "no recording in the folder" in page, "its own folder is tried"


def test_trying_looks_no_further_than_it_shows(office, monkeypatch):
    for number in range(50):
        office.put(f"cam{number:02}/2026-11-14_10-02-03.mp4", b"x", settled=False)
    scandir = os.scandir
    seen: list[object] = []

    def watched(path):
        seen.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", watched)
    previews = selectors.preview(Source(site=office.site, layout="ffmpeg", folder=str(office.drop)))
    assert len(previews) == 8
    assert [preview.name for preview in previews] == sorted(preview.name for preview in previews)
    assert len(seen) <= 9
    assert len(list(stroll(office.drop))) == 50


# What has changed since


def test_invariant_7_a_folder_that_was_swapped_for_a_link_is_not_swept(office, variant, tmp_path):
    source = office.source()
    office.sweep(source)
    path = office.put(office.name(office.began()), variant())
    away = office.drop.rename(tmp_path / "away")
    office.drop.symlink_to(away)
    assert office.sweep(source).outcomes == {}
    assert source.last_error_code == "folder_swapped"
    assert selectors.SourceState(source).problem_text
    assert path.exists()
    office.drop.unlink()
    away.rename(office.drop)
    assert office.sweep(source).outcomes == {"live": 1}


def test_a_folder_that_is_no_longer_below_a_root_is_not_swept(office, variant, settings):
    source = office.source()
    path = office.put(office.name(office.began()), variant())
    settings.LETHE_SOURCE_ROOTS = []
    assert office.sweep(source).outcomes == {}
    assert source.last_error_code == "folder_refused"
    assert "LETHE_SOURCE_ROOTS" in selectors.SourceState(source).problem_text
    assert path.exists()


def test_a_source_around_another_ones_folder_is_not_swept(office, variant):
    outer = office.source()
    path = office.put(office.name(office.began()), variant())
    office.source(name="Inner", folder=str(office.drop / "gate"), site=other_site(office))
    assert office.sweep(outer).outcomes == {}
    assert outer.last_error_code == "foreign_folder"
    assert path.exists()


def test_a_sweep_stops_at_a_subfolder_that_is_somebody_elses_and_takes_the_rest(office, variant):
    source = office.source()
    theirs = office.put(office.name(office.began(9), camera="yard"), variant(1))
    office.put(office.name(office.began()), variant())
    marker.write(theirs.parent, installation=vault.installation_id(), source_id=office.site.pk)
    assert office.sweep(source).outcomes == {"live": 1}
    assert Segment.objects.get().camera == office.gate
    assert theirs.exists()
    assert source.last_error_code == "foreign_subfolder"
    (theirs.parent / marker.NAME).unlink()
    assert office.sweep(source).outcomes == {"live": 1}
    assert source.last_error_code == ""


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/etc/passwd", path)])
def test_a_marker_that_is_no_file_stops_the_walk_and_not_the_process(office, variant, make):
    source = office.source()
    theirs = office.put(office.name(office.began()), variant())
    make(theirs.parent / marker.NAME)
    assert office.sweep(source).outcomes == {}
    assert source.last_error_code == "foreign_subfolder"
    assert theirs.exists()


def test_a_pattern_that_is_no_longer_accepted_is_shown_on_its_source(office, variant):
    source = office.source(pattern="*-*-*-*-{camera}-%s.mp4")
    path = office.put(office.name(office.began()), variant())
    assert office.sweep(source).outcomes == {}
    assert "at most 3 parts" in source.last_error
    assert path.exists()
