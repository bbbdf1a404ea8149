"""Works an evidence pack out again: python verify.py [pack.zip] [--head HASH]

Needs Python 3.9 or later and nothing else. Without a pack it reads the folder it lies in. HASH is a
link of the chain of seals that you know from elsewhere: an export, a mail, the auditors. A pack
that somebody made up as a whole has no such link. Says PASS and what it checked, or FAIL and the
first row that is wrong.
"""

import argparse
import bisect
import csv
import datetime
import decimal
import hashlib
import io
import itertools
import json
import pathlib
import re
import struct
import sys
import zipfile

MILLION = 1000000
NO_HASH = "0" * 64
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "'")
NUMBER = re.compile(r"0|-?[1-9][0-9]*")
AMOUNT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]{6}")

# The columns of each table: t text, n a whole number, a an amount in millionths; each may be empty.
TABLES = {
    "adjustment_history.csv": "adjustment_id:n at:t by_id:n kind:t why:t author_id:n amount:a "
    "reason:t facts:t row_digest:t",
    "adjustments.csv": "id:n author_id:n amount:a reason:t created_by_id:n created_at:t "
    "row_digest:t",
    "bank_files.csv": "message_id:t file:t number:n payment:t amount:a row_digest:t",
    "batch_history.csv": "at:t by_id:n kind:t why:t status:t facts:t row_digest:t",
    "carries.csv": "reference:t author_id:n month:t status:t reason:t amount:a currency:t "
    "row_digest:t",
    "counts.csv": "author_id:n blog_id:n category_id:n day:n views:n on_this_batch:n "
    "on_other_batches:n waiting:n row_digest:t",
    "disputes.csv": "id:n payment:t author_id:n blog_id:n category_id:n price_id:n "
    "adjustment_id:n month:t name:t days:t views:n amount:a question:t asked_at:t outcome:t "
    "answer:t answered_by_id:n answered_at:t answer_adjustment_id:n row_digest:t",
    "findings.csv": "id:n month:t blog_id:n author_id:n kind:t views:n sentence:t status:t "
    "reason:t decided_by_id:n decided_at:t row_digest:t",
    "lines.csv": "payment:t number:n kind:t month:t blog_id:n blog_title:t category_id:n "
    "category_name:t price_id:n price_per_1000:a days:t views:n adjustment_id:n carried_from:t "
    "note:t amount:a digest:t",
    "payments.csv": "reference:t author_id:n author_name:t status:t status_reason:t amount:a "
    "rounding:a carried_amount:a username:t payee_digest:t digest:t",
    "payees.csv": "payment:t payee_id:n legal_name:t country:t language:t account_kind:t "
    "account_end:t account_digest:t address_digest:t digest:t",
    "people.csv": "id:n user_name:t name:t row_digest:t",
    "price_history.csv": "price_id:n at:t by_id:n kind:t why:t category_id:n "
    "effective_from:t price_per_1000:a note:t facts:t row_digest:t",
    "prices.csv": "id:n category_id:n category_name:t effective_from:t price_per_1000:a note:t "
    "row_digest:t",
    "seals.csv": "number:n kind:t batch:t content_digest:t previous_hash:t hash:t row_digest:t",
}

UNDER_THE_PACKS_SEAL = {*TABLES, "batch.json", "README.txt", "verify.py"} - {"seals.csv"}
FILES = UNDER_THE_PACKS_SEAL | {"seals.csv", "sealed.json"}

# The facts of each record of a history, in the order in which they are hashed.
CHANGE = "at why kind by_id"
FACTS = {
    "adjustment_history.csv": "adjustment_id amount reason created_at withdrawn_at author_id "
    "created_by_id withdrawn_by_id " + CHANGE,
    "batch_history.csv": "month status currency time_zone rules_version attempt minimum_payout "
    "approvals_needed digest built_at submitted_at approved_at second_approved_at return_reason "
    "submitted_by approved_by second_approved_by " + CHANGE,
    "price_history.csv": "price_id effective_from price_per_1000 note category_id " + CHANGE,
}
KINDS = {"+": "added", "~": "changed", "-": "deleted"}


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
        if self.archive:
            self.check_archive()

    def check_archive(self):
        """Check that every program that unpacks the archive finds the same files in it."""
        entries = sorted(self.archive.infolist(), key=lambda entry: entry.header_offset)
        names = [entry.filename for entry in entries]
        expect(len(names) == len(set(names)), self.folder.name, "has a file twice")
        for name in sorted(FILES.symmetric_difference(names)):
            has = "has a file that is not of the pack: " if name in names else "lacks the file "
            expect(False, self.folder.name, has + name)
        at = 0
        with self.folder.open("rb") as file:
            for entry in entries:
                file.seek(at + 26)
                lengths = struct.unpack("<HH", file.read(4))
                is_next = entry.header_offset == at
                expect(is_next, self.folder.name, "hides something before " + entry.filename)
                at += 30 + sum(lengths) + entry.compress_size
            size = file.seek(0, 2)
        listed = sum(46 + len(e.filename) + len(e.extra) + len(e.comment) for e in entries)
        ends = size - at - listed in (22, 98)  # with the end of a larger archive, which has two
        expect(ends and at == self.archive.start_dir, self.folder.name, "hides something")

    def list_others(self):
        """Return the names of what lies in the folder and is not of the pack."""
        found = () if self.archive else self.folder.iterdir()
        return sorted({path.name for path in found} - FILES)

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
        self.starts, self.prices, self.rows, self.by_id, self.used = {}, {}, 0, {}, set()
        for where, price in pack.read_table("prices.csv"):
            starts = self.starts.setdefault(price["category_id"], [])
            expect(not starts or starts[-1] < price["effective_from"], where, "is out of its order")
            starts.append(price["effective_from"])
            known = (price["id"], price["price_per_1000"])
            self.prices.setdefault(price["category_id"], []).append(known)
            self.by_id[price["id"]] = (where, price)
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


class Disputes:
    """What authors asked about lines of the batch, compared with its lines."""

    def __init__(self, pack):
        self.rows = list(pack.read_table("disputes.csv"))
        self.lines = {self.name(row, row["author_id"]): [] for _, row in self.rows}

    def name(self, row, author):
        """Return what makes a line the same line in each batch."""
        if row["adjustment_id"]:
            return row["adjustment_id"]
        return author, row["blog_id"], row["category_id"], row["price_id"], row["month"]

    def note(self, line, where, author):
        key = self.name(line, author)
        if key in self.lines:
            self.lines[key].append((where, line))

    def check(self, submitted):
        """Check that no line was in dispute when the batch was submitted, and what was said."""
        for where, row in self.rows:
            asked, answered = moment(row["asked_at"]), self.check_answer(where, row)
            lines = self.lines[self.name(row, row["author_id"])]
            if asked > submitted:
                same = [
                    line
                    for _, line in lines
                    if all(line[name] == row[name] for name in ("payment", "days", "amount"))
                ]
                expect(same, where, "is about no line of the batch")
            elif asked < submitted and (answered is None or answered > submitted):
                for line_where, line in lines:
                    taken_off = line["views"] and line["views"] == -row["views"]
                    expect(taken_off, line_where, "was in dispute when the batch was submitted")

    def check_files(self, approved, files):
        """Check that no file of {payment: when} took one that was asked about before the approval
        and had no answer."""
        for where, row in self.rows:
            asked, answered = moment(row["asked_at"]), self.check_answer(where, row)
            for line_where, line in self.lines[self.name(row, row["author_id"])]:
                taken = files.get(line["payment"])
                waited = taken and asked < min(taken, approved)
                in_time = not waited or (answered and answered <= taken)
                expect(in_time, line_where, "was in a file before its author had the answer")

    def check_answer(self, where, row):
        """Return when it was answered, or None."""
        expect(row["question"], where, "asks nothing")
        if not row["outcome"]:
            open_cells = (row["answer"], row["answered_by_id"], row["answered_at"])
            expect(not any(open_cells), where, "has an answer without an outcome")
            return None
        expect(row["outcome"] in ("accepted", "rejected", "withdrawn"), where, "ends unlike any")
        by_author = row["answered_by_id"] == row["author_id"]
        expect(by_author == (row["outcome"] == "withdrawn"), where, "was answered by its author")
        expect(row["answer"], where, "was answered without a word")
        expect(
            row["outcome"] == "accepted" or row["answer_adjustment_id"] is None,
            where,
            "has an adjustment and was not accepted",
        )
        answered = moment(row["answered_at"])
        expect(answered >= moment(row["asked_at"]), where, "was answered before it was asked")
        return answered


def moment(text):
    return datetime.datetime.fromisoformat(text)


class Lines:
    """Checks each line against prices, adjustments and earlier payments."""

    def __init__(self, pack, currency):
        self.prices = Prices(pack)
        self.currency = currency
        self.adjustments = {
            row["id"]: (where, row) for where, row in pack.read_table("adjustments.csv")
        }
        self.carries = {row["reference"]: row for _, row in pack.read_table("carries.csv")}
        self.disputes = Disputes(pack)
        self.count = 0

    def check(self, line, where, author, days):
        """Add the views of the line to `days`; return its digest."""
        self.count += 1
        self.check_digest(line, where)
        self.disputes.note(line, where, author)
        if line["kind"] == "views":
            self.check_views(line, where, days)
        elif line["kind"] == "adjustment":
            _, source = self.adjustments.get(line["adjustment_id"], (None, None))
            expect(source and source["reason"] == line["note"], where, "has no such adjustment")
            self.check_amount(line, where, source, author)
        else:
            source = self.carries.get(line["carried_from"])
            expect(source and source["month"] == line["month"], where, "carries in no such payment")
            named = line["note"].startswith(line["carried_from"] + ": ")
            expect(named, where, "doesn't say which payment it carries in, and why")
            expect(source["currency"] == self.currency, where, "carries in another currency")
            self.check_amount(line, where, source, author)
        return line["digest"]

    def check_digest(self, line, where):
        facts = [line[column.split(":")[0]] for column in TABLES["lines.csv"].split()[:-1]]
        facts[13] = facts[13] or None  # carried_from is the only text that may be missing
        expect(digest(encode(facts)) == line["digest"], where, "has another digest than its facts")

    def check_views(self, line, where, days):
        price_id, price = line["price_id"], line["price_per_1000"]
        expect(line["amount"] * 1000 == line["views"] * price, where, "isn't views at its price")
        for day, views in read_days(line, where).items():
            date = "{}{:02}".format(line["month"][:-2], day)
            in_force = self.prices.find(line["category_id"], date)
            expect(
                in_force == (price_id, price),
                where,
                "has not the price in force on " + date,
            )
            self.prices.used.add(price_id)
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
    limits = batch["stored_limits"]  # null in batches from before they were stored
    if limits is not None:
        expect(limits[0] == batch["decimals"], "batch.json", "has other decimals than it stored")
        facts += limits
    sha256 = hashlib.sha256(encode(facts).encode())
    lines, counts, payable, payees = Lines(pack, batch["currency"]), Counts(pack), {}, set()
    groups = itertools.groupby(pack.read_table("lines.csv"), key=lambda row: row[1]["payment"])
    reference, rows = next(groups, (None, ()))
    number, copies = 0, read_payees(pack)
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
        paid_to = copies.pop(payment["reference"], "")
        expect(paid_to == payment["payee_digest"], where, "is paid to another payee")
        counts.check(payment["author_id"], days)
        sha256.update(("\n" + payment["digest"]).encode())
        payees.add(payment["author_id"])
        if payment["status"] == "payable":
            payable[payment["reference"]] = payment["amount"]
    expect(reference is None, "lines.csv", f"{reference} is no payment here")
    expect(not copies, "payees.csv", "has payees of no payment here")
    counts.check(None, {})
    checked = {
        "payments": number,
        "lines": lines.count,
        "prices": lines.prices.rows,
        "adjustments": len(lines.adjustments),
        "carries": len(lines.carries),
        "disputes": len(lines.disputes.rows),
        "counted views": counts.views,
        "views waiting for a batch": counts.waiting,
    }
    expect(sha256.hexdigest() == batch["digest"], "batch.json", "has another digest than its rows")
    return lines, payable, payees, checked


def read_payees(pack):
    """Return {payment: digest of its payee}, each checked against what the payee's row says."""
    copies = {}
    for where, row in pack.read_table("payees.csv"):
        *facts, stored = row.values()
        expect(digest(encode(facts)) == stored, where, "has another digest than its facts")
        expect(row["payment"] not in copies, where, "stands twice")
        copies[row["payment"]] = stored
    return copies


def check_payment(payment, where, line_digests, total, batch):
    facts = [payment[column.split(":")[0]] for column in TABLES["payments.csv"].split()[:-1]]
    while len(facts) > 8 and not facts[-1]:  # of before user names and payees were stored
        del facts[-1]
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


class Chain:
    """The chain of seals, and what those of this batch hold."""

    def __init__(self, pack, batch):
        self.hashes, self.contents = [], pack.read_json("sealed.json")
        self.approval = self.evidence = None
        self.sealed = []
        self.names = hashlib.sha256()
        for where, seal in pack.read_table("seals.csv"):
            self.check_link(seal, where)
            if seal["batch"] == batch["name"]:
                self.read_content(seal, where)
            self.names.update("{} {} {}\n".format(*list(seal.values())[:3]).encode())
        expect(not self.contents, "sealed.json", "has contents without a seal")
        expect(self.approval, "seals.csv", "has no approval of this batch")
        expect(self.evidence, "seals.csv", "has no seal of this pack")

    def check_link(self, seal, where):
        previous = self.hashes[-1] if self.hashes else NO_HASH
        expect(seal["number"] == len(self.hashes) + 1, where, "is out of its order")
        expect(seal["previous_hash"] == previous, where, "doesn't hold to the one before")
        link = digest(previous + "\n" + seal["content_digest"])
        expect(seal["hash"] == link, where, "has another hash")
        self.hashes.append(link)

    def read_content(self, seal, where):
        text = self.contents.pop(str(seal["number"]), "")
        expect(digest(text) == seal["content_digest"], where, "has another content")
        content = json.loads(text)
        known = (content["number"], content["kind"], content["batch"])
        expect(known == (seal["number"], seal["kind"], seal["batch"]), where, "sealed another")
        self.sealed.append((where, content))
        if seal["kind"] in ("approval", "upgrade"):
            self.approval = (where, seal, content)
        elif seal["kind"] == "evidence":
            self.evidence = (where, seal, content)
            names = content.get("seals", self.names.hexdigest())  # not in earlier versions
            expect(names == self.names.hexdigest(), where, "had links of other names before it")

    def check_head(self, head):
        """Return what `head` proves. Raises Wrong if the chain has no such link."""
        expect(head in self.hashes, "seals.csv", "the chain has no link " + head)
        number = self.hashes.index(head) + 1
        expect(number >= self.approval[1]["number"], "seals.csv", head + " is before the approval")
        return number >= self.evidence[1]["number"], len(self.hashes) - number


def check_approval(batch, payees, where, seal, content):
    expect(content["digest"] == batch["digest"], where, "approved another digest")
    signed = content["signed"] if seal["kind"] == "upgrade" else content["digest"]
    expect(signed == batch["signed"], where, "says that another digest was signed")
    people = [content["submitted"][0]] + [person for person, _ in content["approved"]]
    expect(len(set(people)) == len(people), where, "was signed twice by one person")
    expect(len(people) == 1 + batch["approvals_needed"], where, "has too few signatures")
    expect(not payees & set(people[1:]), where, "was signed by somebody whom it pays")


def check_acts(pack, where, content):
    """Check that nobody signed what they had changed, and that all who made adjustments are named.

    Approvals from before acts were kept have none.
    """
    approvers = {person for person, _ in content["approved"]}
    acts = content.get("acts", ())
    for _, source, text, _, person, _ in acts:
        said = f"was approved by user {person}, who did this: {text} ({source})"
        expect(person not in approvers, where, said)
    known = {
        (person, datetime.datetime.fromisoformat(moment))
        for kind, _, _, _, person, moment in acts
        if kind == "adjustment"
    }
    for place, row in pack.read_table("adjustment_history.csv"):
        person = row["by_id"]
        expect(
            person is None or person not in approvers, place, f"is by user {person}, who approved"
        )
        act = (person, datetime.datetime.fromisoformat(row["at"]))
        expect(not acts or person is None or act in known, place, "is no act that was sealed")
    return len(acts)


def check_grounds(pack, content):
    """Check that prices and findings are those that the approval sealed, if it did."""
    for name, rows in content.get("grounds", {}).items():
        if name in ("prices", "findings"):
            table = [list(row.values())[:-1] for _, row in pack.read_table(name + ".csv")]
            sealed = [["" if cell is None else cell for cell in row] for row in rows]
            shown = [["" if cell is None else cell for cell in row] for row in table]
            expect(shown == sealed, name + ".csv", "isn't what the approval sealed")


def check_people(pack, lines, contents):
    """Check that whoever signed, changed or decided is named. Return who has another name now."""
    rows = [row for _, row in pack.read_table("people.csv")]
    people = {row["id"] for row in rows}
    for _, row in lines.adjustments.values():
        expect(row["created_by_id"] in people, "people.csv", "leaves out who made an adjustment")
    for where, row in pack.read_table("findings.csv"):
        decided = row["decided_by_id"] in people and row["reason"]
        expect(row["status"] == "open" or decided, where, "was decided by nobody, or without why")
    for person in [contents["submitted"][0]] + [person for person, _ in contents["approved"]]:
        expect(person in people, "people.csv", f"leaves out user {person}")
    sealed = dict(contents.get("grounds", {}).get("people", ()))
    expect(people >= sealed.keys(), "people.csv", "leaves out somebody")
    names = {
        row["id"]: digest(encode([contents["digest"], row["id"], row["user_name"], row["name"]]))
        for row in rows
    }
    return sorted(person for person in sealed if names[person] != sealed[person])


def read_facts(row, name, where):
    """Return {name: text} of a history's record, compared with the row's other cells."""
    values = json.loads(row["facts"])
    expect(encode(values) == row["facts"], where, "has facts that aren't written as sealed")
    names = FACTS[name].split()
    facts = {name: values[number] for number, name in enumerate(names)}
    for added in values[len(names) :]:
        facts[added[0]] = added[1]
    columns = dict(column.split(":") for column in TABLES[name].split())
    for column in facts.keys() & columns.keys() - {"at", "kind"}:
        says = read_fact(facts[column], columns[column])
        expect(says == row[column], where, "has another " + column + " than its facts")
    moments = [datetime.datetime.fromisoformat(text) for text in (row["at"], facts["at"])]
    expect(moments[0] == moments[1], where, "has another time than its facts")
    expect(KINDS.get(facts["kind"]) == row["kind"], where, "is another change than its facts")
    return facts


def check_currency(facts, batch, where):
    """Histories from before currencies were stored name none."""
    found = (facts or {}).get("currency", batch["currency"])
    expect(found == batch["currency"], where, "is in another currency, says its history")


def read_fact(text, kind):
    if text == "None":
        return "" if kind == "t" else None
    if kind == "a":
        return int(decimal.Decimal(text) * MILLION)
    return int(text) if kind == "n" else text


class Histories:
    """The changes of batch, prices and adjustments, compared with the digests under the seal."""

    def __init__(self, pack, lines):
        self.digests, self.latest, self.first, self.count = [], {}, {}, 0
        self.read(pack, "batch_history.csv", "", lambda row: row["status"] != "paid")
        used = lines.prices.used
        self.read(pack, "price_history.csv", "price_id", lambda row: row["price_id"] in used)
        self.read(pack, "adjustment_history.csv", "adjustment_id", lambda row: True)

    def read(self, pack, name, key, is_sealed):
        for where, row in pack.read_table(name):
            self.count += 1
            facts = read_facts(row, name, where)
            if is_sealed(row):
                self.digests.append((where, digest(row["facts"])))
                self.latest[name, row.get(key)] = (where, facts)
            if key:
                self.first.setdefault((name, row[key]), (where, facts))
                self.latest[name, row[key]] = (where, facts)

    def check(self, batch, lines, sealed):
        for where, found in self.digests:
            expect(found in sealed, where, "isn't as the approval sealed it")
        digests = [found for _, found in self.digests]
        expect(digests == sealed, "approvals", f"the seal holds {len(sealed)} records")
        where, facts = self.latest["batch_history.csv", None]
        self.check_batch(batch, where, facts)
        for price, (where, row) in lines.prices.by_id.items():
            facts = self.compare("price_history.csv", price, row, where)
            if price in lines.prices.used:
                check_currency(facts, batch, where)
        for adjustment, (where, row) in lines.adjustments.items():
            facts = self.compare("adjustment_history.csv", adjustment, row, where)
            is_kept = not facts or facts["withdrawn_at"] in ("", "None")
            expect(is_kept, where, "was withdrawn before the approval")
            check_currency(facts, batch, where)

    def check_batch(self, batch, where, facts):
        minimum = int(decimal.Decimal(facts["minimum_payout"]) * MILLION)
        expect(minimum == batch["minimum_payout"], where, "has another minimum")
        for name in ("month", "currency", "time_zone", "rules_version"):
            expect(facts[name] == batch[name], where, "has another " + name)
        for name in ("attempt", "approvals_needed"):
            expect(facts[name] == str(batch[name]), where, "has another " + name)
        expect(facts["digest"] == batch["signed"], where, "has another digest")

    def compare(self, name, key, row, where):
        """Return the facts of the last record of a row, which says what the row says."""
        _, facts = self.latest.get((name, key), (where, None))
        if facts is None:
            return None  # of fixtures, or from before there were histories
        expect(facts["kind"] != "-", where, "was deleted, says its history")
        columns = dict(column.split(":") for column in TABLES[name].split())
        kinds = dict(columns, created_by_id="n", created_at="t")
        for column in facts.keys() & row.keys() & kinds.keys() - {"id"}:
            says = read_fact(facts[column], kinds[column])
            if column == "created_at":
                says, now = (datetime.datetime.fromisoformat(each) for each in (says, row[column]))
                expect(says == now, where, "was made at another time, says its history")
            else:
                expect(says == row[column], where, f"has another {column}, says its history")
        return facts


def check_bank_files(pack, chain, payable):
    """Check that each file holds the payments of its seal, and that a payment is in one file.

    Where all files were recorded payment by payment, each result is of a payment in an earlier
    file, or was made by hand. Return {payment: what the seal of its file holds}.
    """
    seals = {
        content["message"]: (where, content)
        for where, content in chain.sealed
        if content["kind"] == "export" and "message" in content
    }
    made = {}  # of files of earlier versions: None
    rows = pack.read_table("bank_files.csv")
    for message, group in itertools.groupby(rows, key=lambda row: row[1]["message_id"]):
        where, content = seals.pop(message, (None, None))
        expect(content or not message, "bank_files.csv", f"has a file {message} without a seal")
        number, total, sha256 = 0, 0, hashlib.sha256()
        for place, row in group:
            name, amount = row["payment"], row["amount"]
            expect(payable.get(name) == amount, place, "is no payment of that amount to be paid")
            expect(name not in made, place, name + " is in two files")
            made[name] = content
            number, total = number + 1, total + amount
            sha256.update("{} {} {}\n".format(row["number"], name, amount).encode())
            named = not content or row["file"] == content["file"][1]
            expect(named, place, "is in a file of another name")
        if content:
            expect(content["pays"] == [number, total], where, "pays another sum than its rows")
            expect(content["payments"] == sha256.hexdigest(), where, "pays other payments")
    for where, _ in seals.values():
        expect(False, where, "its payments are not in bank_files.csv")
    check_results_after_files(chain, made)
    return made


def check_results_after_files(chain, made):
    files = [content for _, content in chain.sealed if content["kind"] == "export"]
    if not files or not all("message" in content for content in files):
        return  # of earlier versions, which did not record files payment by payment
    for where, content in chain.sealed:
        for name, *_, last in content.get("results", ()):
            if not isinstance(last, dict):
                in_time = name in made and made[name]["number"] < content["number"]
                expect(in_time, where, name + " has a result of the bank before a file paid it")


def check_files(pack, chain):
    """Check that each file is as the pack's seal says."""
    where, _, content = chain.evidence
    expect(set(content["files"]) == UNDER_THE_PACKS_SEAL, where, "sealed other files")
    for name in sorted(content["files"]):
        expect(pack.hash_file(name) == content["files"][name], name, "isn't as it was handed out")


def verify(path, head=None):
    """Return what was checked, as lines of text. Raises Wrong."""
    pack = Pack(path)
    batch = pack.read_json("batch.json")
    lines, payable, payees, checked = check_payments(pack, batch)
    chain = Chain(pack, batch)
    for where, content in chain.sealed:
        for result in content.get("results", ()):
            expect(result[0] in payable, where, result[0] + " was not to be paid")
    where, seal, content = chain.approval
    check_approval(batch, payees, where, seal, content)
    lines.disputes.check(moment(content["submitted"][1]))
    files = check_bank_files(pack, chain, payable)
    checked["payments in files"] = len(files)
    approved = max(moment(at) for _, at in content["approved"])
    made = {n: moment(file["at"]) for n, file in files.items() if file}
    lines.disputes.check_files(approved, made)
    checked["acts"] = check_acts(pack, where, content)
    check_grounds(pack, content)
    renamed = check_people(pack, lines, content)
    histories = Histories(pack, lines)
    histories.check(batch, lines, content["histories"])
    check_files(pack, chain)
    checked.update({"changes": histories.count, "seals": len(chain.hashes)})
    return describe(batch, checked, renamed, chain, head, pack.list_others())


def describe(batch, checked, renamed, chain, head, others):
    numbers = ", ".join(f"{number:,} {what}" for what, number in checked.items())
    told = [
        "PASS: the batch {} of {} follows from its evidence.".format(
            batch["name"], batch["month"][:7]
        ),
        "Checked " + numbers + ".",
        "Digest of the batch: " + batch["digest"],
        "Hash of its approval: " + chain.approval[1]["hash"],
        "Last link of the chain: " + chain.hashes[-1],
    ]
    if batch["signed"] != batch["digest"]:
        told.append(
            "It was approved before there were seals: what was signed then was {}. The seal was "
            "made later, by an upgrade.".format(batch["signed"])
        )
    if renamed:
        told.append(
            "Renamed or made anonymous since the approval: user {}.".format(
                ", ".join(map(str, renamed))
            )
        )
    if others:
        told.append("Not of the pack, and not checked: {}.".format(", ".join(others)))
    return told + describe_head(chain, head)


def describe_head(chain, head):
    if head is None:
        return ["Whether it was made up as a whole: compare a link you know, with --head HASH."]
    is_proved, later = chain.check_head(head)
    told = "The chain has the link that you gave: this is the pack that was handed out."
    if not is_proved:
        told = (
            "The chain has the link that you gave. It proves the approval; counts.csv, carries.csv,"
            " disputes.csv, people.csv, later changes of prices and later results are proved by "
            "link {} and a head from that time on.".format(chain.evidence[1]["number"])
        )
    if later:
        told += " It proves nothing of the {} after it in seals.csv and sealed.json.".format(
            "link" if later == 1 else f"{later:,} links"
        )
    return [told]


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("pack", nargs="?", type=pathlib.Path, default=here)
    parser.add_argument("--head", type=lambda text: text.strip().lower())
    options = parser.parse_args(arguments)
    csv.field_size_limit(2**31 - 1)
    try:
        told = verify(options.pack, options.head)
    except Wrong as wrong:
        say(f"FAIL: {wrong}.")
        return 1
    except Exception as error:  # any damage to the files ends in one sentence
        say(f"FAIL: a file can't be read: {error!r}.")
        return 1
    for line in told:
        say(line)
    return 0


def say(line):
    """Write one line, in which no cell of a pack moves the cursor, or looks like a line of ours."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
