"""Works an evidence pack out again: python verify.py [pack.zip]

Needs Python 3.9 or later and nothing else. Without an argument it reads the folder it lies in.
Says PASS and what it checked, or FAIL and the first row that is wrong.
"""

import bisect
import csv
import datetime
import hashlib
import io
import itertools
import json
import pathlib
import re
import sys
import zipfile

MILLION = 1000000
NO_HASH = "0" * 64
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "'")
NUMBER = re.compile(r"0|-?[1-9][0-9]*")
AMOUNT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]{6}")

# The columns of each table: t text, n a whole number, a an amount in millionths; each may be empty.
TABLES = {
    "adjustment_history.csv": "id:n adjustment_id:n at:t by_id:n kind:t why:t author_id:n amount:a "
    "reason:t row_digest:t",
    "adjustments.csv": "id:n author_id:n amount:a reason:t created_by_id:n created_at:t "
    "row_digest:t",
    "carries.csv": "reference:t author_id:n month:t status:t reason:t amount:a row_digest:t",
    "counts.csv": "author_id:n blog_id:n category_id:n day:n views:n on_this_batch:n "
    "on_other_batches:n waiting:n row_digest:t",
    "lines.csv": "payment:t number:n kind:t month:t blog_id:n blog_title:t category_id:n "
    "category_name:t price_id:n price_per_1000:a days:t views:n adjustment_id:n carried_from:t "
    "note:t amount:a digest:t",
    "payments.csv": "reference:t author_id:n author_name:t status:t status_reason:t amount:a "
    "rounding:a carried_amount:a digest:t",
    "price_history.csv": "id:n price_id:n at:t by_id:n kind:t why:t category_id:n "
    "effective_from:t price_per_1000:a note:t row_digest:t",
    "prices.csv": "id:n category_id:n category_name:t effective_from:t price_per_1000:a note:t "
    "row_digest:t",
    "seals.csv": "number:n kind:t batch:t content_digest:t previous_hash:t hash:t row_digest:t",
}


class Wrong(Exception):
    """Something that is not as it was signed; says which row."""


def expect(is_right, row, message):
    if not is_right:
        raise Wrong(f"{row}: {message}")


def encode(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def money(millionths):
    sign = "-" if millionths < 0 else ""
    return "{}{}.{:06}".format(sign, *divmod(abs(millionths), MILLION))


class Pack:
    """The files of a pack, from a .zip or a folder."""

    def __init__(self, path):
        self.archive = None if path.is_dir() else zipfile.ZipFile(path)
        self.folder = path

    def open(self, name):
        return self.archive.open(name) if self.archive else (self.folder / name).open("rb")

    def read_json(self, name):
        with self.open(name) as file:
            text = file.read().decode()
        value = json.loads(text)
        expect(text == write_json(value), name, "isn't written as it was handed out")
        return value

    def read_table(self, name):
        """Yield (where it stands, {column: value}) of each row, its row_digest checked."""
        columns = [column.split(":") for column in TABLES[name].split()]
        with self.open(name) as file:
            rows = csv.reader(io.TextIOWrapper(file, "utf-8", newline=""))
            header = next(rows, None)
            expect(header == [column for column, _ in columns], name, "has other columns")
            for number, cells in enumerate(rows, start=2):
                where = "{}, row {} ({})".format(name, number, ", ".join(cells[:4]))
                expect(len(cells) == len(columns), where, "has other cells")
                if columns[-1][0] == "row_digest":
                    expect(cells[-1] == digest(encode(cells[:-1]))[:16], where, "was changed")
                yield (
                    where,
                    {
                        column: read_cell(cell, kind, where)
                        for (column, kind), cell in (
                            (columns[n], cells[n]) for n in range(len(cells))
                        )
                    },
                )

    def hash_file(self, name):
        sha256 = hashlib.sha256()
        with self.open(name) as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                sha256.update(block)
        return sha256.hexdigest()


def write_json(value):
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read_cell(cell, kind, where):
    """Remove the guard against spreadsheet formulas, and convert numbers."""
    if kind == "t":
        is_guarded = cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS)
        expect(is_guarded or not cell.startswith(FORMULA_STARTS), where, "has a cell not guarded")
        return cell[1:] if is_guarded else cell
    if not cell:
        return None
    expect((NUMBER if kind == "n" else AMOUNT).fullmatch(cell), where, cell + " is no number")
    return int(cell.replace(".", ""))


class Prices:
    """The prices of each category by their first day."""

    def __init__(self, pack):
        self.starts, self.prices, self.rows = {}, {}, 0
        for where, price in pack.read_table("prices.csv"):
            starts = self.starts.setdefault(price["category_id"], [])
            expect(not starts or starts[-1] < price["effective_from"], where, "is out of its order")
            starts.append(price["effective_from"])
            known = (price["id"], price["price_per_1000"])
            self.prices.setdefault(price["category_id"], []).append(known)
            self.rows += 1

    def find(self, category, day):
        position = bisect.bisect_right(self.starts.get(category, []), day)
        return self.prices[category][position - 1] if position else None


def read_days(line, where):
    """Return {day of the month: views} of a line. Raises Wrong if the sum isn't its views."""
    days = {}
    for part in line["days"].split():
        day, views = part.split(":")
        days[int(day)] = int(views)
    written = " ".join("{}:{}".format(*pair) for pair in sorted(days.items()))
    expect(line["days"] == written, where, "has days that are not in order")
    expect(sum(days.values()) == line["views"], where, "has other views than the sum of its days")
    return days


class Lines:
    """Checks each line against prices, adjustments and earlier payments."""

    def __init__(self, pack):
        self.prices = Prices(pack)
        self.adjustments = {row["id"]: row for _, row in pack.read_table("adjustments.csv")}
        self.carries = {row["reference"]: row for _, row in pack.read_table("carries.csv")}
        self.count = 0

    def check(self, line, where, author, days):
        """Add the views of the line to `days`; return its digest."""
        self.count += 1
        self.check_digest(line, where)
        if line["kind"] == "views":
            self.check_views(line, where, days)
        elif line["kind"] == "adjustment":
            source = self.adjustments.get(line["adjustment_id"])
            expect(source and source["reason"] == line["note"], where, "has no such adjustment")
            self.check_amount(line, where, source, author)
        else:
            source = self.carries.get(line["carried_from"])
            expect(source and source["month"] == line["month"], where, "carries in no such payment")
            self.check_amount(line, where, source, author)
        return line["digest"]

    def check_digest(self, line, where):
        facts = [line[column.split(":")[0]] for column in TABLES["lines.csv"].split()[:-1]]
        facts[13] = facts[13] or None  # carried_from is the only text that may be missing
        expect(digest(encode(facts)) == line["digest"], where, "has another digest than its facts")

    def check_views(self, line, where, days):
        price = line["price_per_1000"]
        expect(line["amount"] * 1000 == line["views"] * price, where, "isn't views at its price")
        for day, views in read_days(line, where).items():
            date = "{}{:02}".format(line["month"][:-2], day)
            in_force = self.prices.find(line["category_id"], date)
            expect(
                in_force == (line["price_id"], price),
                where,
                "has not the price in force on " + date,
            )
            key = (line["blog_id"], line["category_id"], int(date.replace("-", "")))
            days[key] = days.get(key, 0) + views

    def check_amount(self, line, where, source, author):
        expect(source["author_id"] == author, where, "is for another author")
        expect(source["amount"] == line["amount"], where, "has another amount than its source")


class Counts:
    """Compares each author's counted views of each day with those on lines."""

    def __init__(self, pack):
        self.groups = itertools.groupby(
            pack.read_table("counts.csv"), key=lambda row: row[1]["author_id"]
        )
        self.author, self.rows = next(self.groups, (None, ()))
        self.views = self.waiting = 0

    def check(self, author, days):
        """Check the rows up to `author`, whose lines hold `days`; None checks all rows."""
        while self.author is not None and (author is None or self.author <= author):
            self.check_group(days if self.author == author else {})
            if self.author == author:
                days = {}
            self.author, self.rows = next(self.groups, (None, ()))
        for key in days:
            expect(not days[key], "counts.csv", f"has no row of blog {key[0]}, day {key[2]}")

    def check_group(self, days):
        days_left = dict(days)
        for where, row in self.rows:
            key = (row["blog_id"], row["category_id"], row["day"])
            held = days_left.pop(key, 0)
            expect(row["on_this_batch"] == held, where, f"lines hold {held} views")
            rest = row["views"] - row["on_this_batch"] - row["on_other_batches"]
            expect(row["waiting"] == rest, where, f"{rest} views are left")
            self.views += row["views"]
            self.waiting += abs(rest)
        for key in days_left:
            expect(
                not days_left[key], "counts.csv", "has no row of blog {}, day {}".format(*key[::2])
            )


def check_payments(pack, batch):
    """Check payments, their lines and counts; return the batch's digest and what was checked."""
    facts = [
        batch[name]
        for name in (
            "month",
            "attempt",
            "currency",
            "time_zone",
            "rules_version",
            "minimum_payout",
            "approvals_needed",
        )
    ]
    sha256 = hashlib.sha256(encode(facts).encode())
    lines, counts, payable = Lines(pack), Counts(pack), set()
    groups = itertools.groupby(pack.read_table("lines.csv"), key=lambda row: row[1]["payment"])
    reference, rows = next(groups, (None, ()))
    number = 0
    for where, payment in pack.read_table("payments.csv"):
        number += 1
        expected = "{}-{:06}".format(batch["name"], number)
        if batch["signed"] != batch["digest"]:  # before seals, references had other numbers
            expected = payment["reference"]
        expect(payment["reference"] == expected, where, "should be " + expected)
        own = []
        days = {}
        total = 0
        if reference == expected:
            for line_number, (line_where, line) in enumerate(rows, start=1):
                expect(line["number"] == line_number, line_where, "is out of its order")
                own.append(lines.check(line, line_where, payment["author_id"], days))
                total += line["amount"]
            reference, rows = next(groups, (None, ()))
        check_payment(payment, where, own, total, batch)
        counts.check(payment["author_id"], days)
        sha256.update(("\n" + payment["digest"]).encode())
        if payment["status"] == "payable":
            payable.add(payment["reference"])
    expect(reference is None, "lines.csv", f"{reference} is no payment here")
    counts.check(None, {})
    checked = {
        "payments": number,
        "lines": lines.count,
        "prices": lines.prices.rows,
        "adjustments": len(lines.adjustments),
        "carries": len(lines.carries),
        "counted views": counts.views,
        "views waiting for a batch": counts.waiting,
    }
    return sha256.hexdigest(), payable, checked


def check_payment(payment, where, line_digests, total, batch):
    facts = [payment[column.split(":")[0]] for column in TABLES["payments.csv"].split()[:-1]]
    expect(
        digest("\n".join([encode(facts), *line_digests])) == payment["digest"],
        where,
        f"has another digest than its facts and its {len(line_digests)} lines",
    )
    exact = payment["amount"] - payment["rounding"] + payment["carried_amount"]
    expect(exact == total, where, f"is {money(exact)}, its lines {money(total)}")
    coin = MILLION // 10 ** batch["decimals"]
    is_half_up = payment["amount"] % coin == 0 and -coin < 2 * payment["rounding"] <= coin
    expect(is_half_up, where, "isn't rounded half up")
    if payment["status"] == "payable":
        expect(payment["amount"] > 0 == payment["carried_amount"], where, "pays nothing")
    else:
        expect(payment["amount"] == payment["rounding"] == 0, where, "is kept back, and pays")


def check_chain(pack, batch, approvals, payable):
    """Check that the seals form a chain and that this batch's seals match the batch."""
    previous, contents = NO_HASH, dict(approvals["sealed"])
    number, approved = 0, None
    for where, seal in pack.read_table("seals.csv"):
        number += 1
        expect(seal["number"] == number, where, "is out of its order")
        expect(seal["previous_hash"] == previous, where, "doesn't hold to the one before")
        previous = digest(previous + "\n" + seal["content_digest"])
        expect(seal["hash"] == previous, where, "has another hash")
        if seal["batch"] == batch["name"]:
            text = contents.pop(str(number), "")
            expect(digest(text) == seal["content_digest"], where, "has another content")
            content = json.loads(text)
            known = (content["number"], content["kind"], content["batch"])
            expect(known == (number, seal["kind"], batch["name"]), where, "sealed another batch")
            if seal["kind"] in ("approval", "upgrade"):
                approved = (where, seal, content)
            for result in content.get("results", ()):
                expect(result[0] in payable, where, result[0] + " was not to be paid")
    expect(not contents, "approvals.json", "has contents without a seal")
    expect(approved, "seals.csv", "has no approval of this batch")
    check_approval(batch, *approved)
    return number, approved[1]["hash"], previous


def check_approval(batch, where, seal, content):
    expect(content["digest"] == batch["digest"], where, "approved another digest")
    signed = content["signed"] if seal["kind"] == "upgrade" else content["digest"]
    expect(signed == batch["signed"], where, "says that another digest was signed")
    people = [content["submitted"][0]] + [person for person, _ in content["approved"]]
    expect(len(set(people)) == len(people), where, "was signed twice by one person")
    expect(len(people) == 1 + batch["approvals_needed"], where, "has too few signatures")


def check_files(pack):
    digests = pack.read_json("digests.json")
    names = set(TABLES) | {"batch.json", "approvals.json", "README.txt", "verify.py"}
    expect(set(digests) == names, "digests.json", "lists other files")
    for name in sorted(digests):
        expect(pack.hash_file(name) == digests[name], name, "isn't as it was handed out")


def check_histories(pack):
    for name in ("price_history.csv", "adjustment_history.csv"):
        for where, row in pack.read_table(name):
            datetime.datetime.fromisoformat(row["at"])
            expect(row["kind"] in ("added", "changed", "deleted"), where, "is no such change")


def verify(path):
    pack = Pack(path)
    batch, approvals = pack.read_json("batch.json"), pack.read_json("approvals.json")
    digest_of_payments, payable, checked = check_payments(pack, batch)
    expect(
        digest_of_payments == batch["digest"], "batch.json", "payments give " + digest_of_payments
    )
    seals, approval, head = check_chain(pack, batch, approvals, payable)
    check_histories(pack)
    check_files(pack)
    checked["seals"] = seals
    return batch, checked, approval, head


def main(arguments):
    path = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parent
    csv.field_size_limit(2**31 - 1)
    try:
        batch, checked, approval, head = verify(path)
    except Wrong as wrong:
        sys.stdout.write(f"FAIL: {wrong}.\n")
        return 1
    except Exception as error:  # any damage to the files ends in one sentence
        sys.stdout.write(f"FAIL: a file can't be read: {error!r}.\n")
        return 1
    numbers = ", ".join(f"{number:,} {what}" for what, number in checked.items())
    sys.stdout.write(
        "PASS: the batch {} of {} follows from its evidence.\nChecked {}.\n"
        "Digest of the batch: {}\nHash of its approval: {}\nLast link of the chain: {}\n".format(
            batch["name"], batch["month"][:7], numbers, batch["digest"], approval, head
        )
    )
    if batch["signed"] != batch["digest"]:
        sys.stdout.write(
            "It was approved before there were seals: what was signed then was {}. The seal was "
            "made later, by an upgrade.\n".format(batch["signed"])
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
