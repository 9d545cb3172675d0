"""What a script puts into its work directory is bounded ([step] work_bytes), whatever it is made of."""
import pytest

from harness import until
from jobs import PYTHON, SH, completed, failure, left, make, run

MIB = 1 << 20
TOO_MUCH = ("step step1: put more than 8388608 bytes into its work directory and was killed; the setting [step] "
            "work_bytes bounds them")


@pytest.fixture
def site(home):
    home.configure(step={"work_bytes": 8 * MIB})
    home.start()
    home.start_dispatcher()
    yield home


# Each fills the work directory and would then go on for ever.
FILLERS = {
    "one file": "head -c 10M /dev/zero > a",
    "many files": "for i in $(seq 10); do head -c 1M /dev/zero > $i; done",
    "small files": "i=0; while [ $i -lt 2500 ]; do echo > $i; i=$((i+1)); done",
    "empty files": "mkdir a; cd a; seq 2500 | xargs touch",
    "directories": "seq 2500 | xargs mkdir",
    "deep below": "mkdir -p a/b/c/d/e; head -c 10M /dev/zero > a/b/c/d/e/.f",
    "what it has started": "( head -c 10M /dev/zero > a; exec sleep 1000 ) &",
    "bit by bit": "while :; do head -c 1M /dev/zero >> a; [ $(stat -c %s a) -lt 10485760 ] || break; done",
    "it heeds no TERM": "trap '' TERM; head -c 10M /dev/zero > a",
    "it says something": "( while :; do echo log; sleep 0.01; done ) & head -c 10M /dev/zero > a",
}


@pytest.mark.parametrize("form", FILLERS)
def test_too_much(site, form):
    execution = run(site, SH + f"cd $TMPDIR\n{FILLERS[form]}\nexec sleep 1000\n")
    assert failure(execution) == TOO_MUCH
    until(lambda: not left(site), what="what it has put there is gone")


# What is no more than it may hold.
ALLOWED = {
    "less": "head -c 5M /dev/zero > a",
    "a hole": "truncate -s 1G a",
    "names of one file": "head -c 5M /dev/zero > a; ln a b; ln a c",
    "a link": "ln -s / root",
    "elsewhere": "head -c 10M /dev/zero > {scratch}/a; chmod 666 {scratch}/a",
}


@pytest.mark.parametrize("form", ALLOWED)
def test_not_too_much(site, form):
    """The script is looked at several times."""
    completed(run(site, SH + f"cd $TMPDIR\n{ALLOWED[form].format(scratch=site.scratch)}\nsleep 2.2\n"))


def test_no_limit(home):
    home.configure(step={"work_bytes": 0})
    home.start()
    home.start_dispatcher()
    completed(run(home, SH + "cd $TMPDIR; head -c 10M /dev/zero > a; sleep 1.5\n"))


def test_steps_of_an_execution_together(site):
    """However quick each of them is."""
    quick = SH + "head -c 4M /dev/zero > $TMPDIR/$FX_STEP; sleep 0.4\n"
    execution = run(site, *[quick] * 20)
    assert TOO_MUCH.removeprefix("step step1: ") in failure(execution)


def test_another_execution_begins_with_nothing(site):
    make(site, SH + "head -c 5M /dev/zero > $TMPDIR/a; sleep 1.2\n", event="job", scale={"max": 1})
    cids = [site.post_event("job")["cid"] for _ in range(3)]
    for cid in cids:
        completed(site.wait_cid(cid)[0])


COLLECTS = PYTHON + """
for line in sys.stdin:
    n = json.loads(line)["event"]["data"]
    with open(os.environ["TMPDIR"] + f"/{n}", "wb") as file:
        file.write(bytes(3 << 20))
    time.sleep(0.5)
    print(json.dumps({"ok": True, "save": {"pid": os.getpid()}}), flush=True)
"""


def test_persistent_script(site):
    """What it collects over many questions counts; the next one gets a process that begins anew."""
    make(site, {"text": COLLECTS, "name": "step1", "options": {"persistent": True}}, event="job", scale={"max": 1})
    ends = []
    for n in range(8):
        [execution] = site.wait_cid(site.post_event("job", n)["cid"])
        ends.append(execution["error"] or execution["data"]["pid"])
    assert ends.count(TOO_MUCH) >= 1 and ends[0] != TOO_MUCH
    first = ends.index(TOO_MUCH)
    assert len(set(ends[:first])) == 1  # one process
    assert all(end != ends[0] for end in ends[first:])
