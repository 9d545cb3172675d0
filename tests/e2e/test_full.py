"""A database that grows, and one that is full."""
import re
import shutil

MIB = 1 << 20
EVENT = {"event_source": "test", "event_type": "big", "payload": {"filler": "x" * (900 << 10)}}


def logged(home, pattern):
    """The lines of all logs with the pattern in them."""
    text = "".join(path.read_text() for path in sorted((home.dir / "log").iterdir()))
    return re.findall(f"^.*{pattern}.*$", text, re.M)


def make_store(home, **settings):
    home.configure(store=settings)
    shutil.rmtree(home.dir / "db")
    home.fxctl("init")


def test_map_that_grows_is_no_error(home):
    make_store(home, map_bytes=16 * MIB, map_max_bytes=1024 * MIB)
    home.start()
    home.start_dispatcher()
    for _ in range(40):
        assert home.post("/fx/events", EVENT).status == 200
    assert logged(home, "the map has grown to 64 MiB")
    assert not logged(home, " error: ")


def test_full_map_is_told_once(home):
    """At error level, with what to do about it, however many requests are refused for it."""
    make_store(home, map_bytes=16 * MIB, map_max_bytes=16 * MIB, accept_percent=99)
    home.start()
    statuses = [home.post("/fx/events", EVENT).status for _ in range(30)]
    assert statuses == sorted(statuses) and set(statuses) == {200, 503}
    assert statuses.count(503) > 5
    lines = logged(home, "the store is full")
    assert len(lines) == 1
    assert " error: " in lines[0] and "raise map_max_bytes in [store] of fx.conf" in lines[0]
