"""Draws the golden PDF bills: `python pdf_bills.py` writes them beside this file.

Written by hand from the documented forms, independently of layouts and generator. What must be read
from them is in the JSON files of the same names, written by hand, too.
"""

from __future__ import annotations

from pathlib import Path

from reportlab.lib.pagesizes import landscape, letter
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).parent

#: A column: where it stands, and whether its cells are flush right there.
Column = tuple[float, bool]


class Bill:
    """A PDF drawn from top to bottom."""

    def __init__(
        self, path: Path, *, wide: bool = False, size: float = 8, pitch: float = 11
    ) -> None:
        self.page_size = landscape(letter) if wide else letter
        self.canvas = Canvas(str(path), pagesize=self.page_size, invariant=1, pageCompression=1)
        self.size, self.pitch = size, pitch
        self.top()

    def top(self) -> None:
        self.y = self.page_size[1] - 36

    def text(
        self, text: str, x: float = 36, *, bold: bool = False, size: float | None = None
    ) -> None:
        self.canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size or self.size)
        self.canvas.drawString(x, self.y, text)
        self.y -= self.pitch

    def row(self, columns: list[Column], cells: list[str], *, bold: bool = False) -> None:
        self.canvas.setFont("Helvetica-Bold" if bold else "Helvetica", self.size)
        for (x, right), cell in zip(columns, cells, strict=True):
            (self.canvas.drawRightString if right else self.canvas.drawString)(x, self.y, cell)
        self.y -= self.pitch

    def gap(self) -> None:
        self.y -= self.pitch

    def next_page(self, footer: str) -> None:
        self.y = 24
        self.text(footer, x=self.page_size[0] - 100)
        self.canvas.showPage()
        self.top()

    def save(self, footer: str) -> None:
        self.next_page(footer)
        self.canvas.save()


def att(path: Path) -> None:
    """Two numbers; the first runs over the page's end, the second begins in the middle of the
    page.
    """
    columns = [
        (52, True),
        (60, False),
        (88, False),
        (136, False),
        (178, False),
        (240, False),
        (326, True),
        (334, False),
        (376, False),
        (410, False),
        (500, True),
        (570, True),
        (640, True),
    ]
    titles = [
        "Item",
        "Day",
        "Date",
        "Time",
        "Number Called",
        "Call To",
        "Min",
        "Rate Code",
        "Rate Pd",
        "Feature",
        "Airtime Charge",
        "LD/Add'l Charge",
        "Total Charge",
    ]
    bill = Bill(path, wide=True, size=7, pitch=9)

    def head(page: int) -> None:
        bill.text("AT&T", bold=True, size=12)
        bill.text(
            f"Account Number: 287000000000        Statement date: 04/01/2012        Page {page}"
            " of 2"
        )
        bill.text("Questions? Call 1-800-331-0500 or 611 from your wireless phone")
        bill.gap()

    head(1)
    bill.text("Call Detail", bold=True, size=10)
    bill.text("(212) 555-0101")
    bill.row(columns, titles, bold=True)
    bill.row(
        columns,
        [
            "1",
            "TUE",
            "03/06/2012",
            "6:45AM",
            "714-555-0158",
            "ANAHEIM CA",
            "2",
            "RM45",
            "DT",
            "",
            "0.00",
            "0.00",
            "0.00",
        ],
    )
    bill.row(
        columns,
        [
            "2",
            "MON",
            "03/12/2012",
            "12:15AM",
            "567-555-0155",
            "CALL WAIT",
            "5",
            "5KNW",
            "NW",
            "CW",
            "0.00",
            "0.00",
            "0.00",
        ],
    )
    bill.row(
        columns,
        [
            "3",
            "MON",
            "03/12/2012",
            "9:02PM",
            "",
            "BLOCKED",
            "1",
            "RM45",
            "NW",
            "",
            "0.00",
            "0.00",
            "0.00",
        ],
    )
    bill.row(
        columns,
        [
            "4",
            "WED",
            "03/14/2012",
            "11:59AM",
            "639175550167",
            "PHILIPPIN MANILA",
            "1,042",
            "INTL",
            "DT",
            "",
            "1,234.50",
            "2,345.00",
            "3,579.50",
        ],
    )
    bill.next_page("Continued on the next page")
    head(2)
    bill.text("(212) 555-0101 (continued)")
    bill.row(columns, titles, bold=True)
    bill.row(
        columns,
        [
            "5",
            "WED",
            "03/14/2012",
            "12:00PM",
            "212-555-0101",
            "VMAIL CL",
            "1",
            "",
            "",
            "VM",
            "",
            "",
            "0.00",
        ],
    )
    bill.row(
        columns,
        [
            "6",
            "WED",
            "",
            "",
            "646-555-0144",
            "BKLYN NYC NY",
            "3",
            "RM45",
            "DT",
            "M2MC",
            "0.00",
            "0.00",
            "0.00",
        ],
    )
    bill.row(
        columns,
        [
            "",
            "",
            "03/15/2012",
            "1:20PM",
            "646-555-0144",
            "BKLYN NYC NY",
            "3",
            "RM45",
            "DT",
            "M2MC",
            "0.00",
            "0.00",
            "0.00",
        ],
    )
    bill.row(
        columns,
        ["", "", "", "", "", "Total", "1,054", "", "", "", "1,234.50", "2,345.00", "3,579.50"],
    )
    bill.gap()
    bill.text("(646) 555-0102")
    bill.text("User name:                        PAT EXAMPLE")
    bill.row(columns, titles, bold=True)
    bill.row(
        columns,
        [
            "1",
            "SAT",
            "03/17/2012",
            "8:30AM",
            "212-555-0199",
            "INCOMING CL",
            "12",
            "RM45",
            "DT",
            "M2MC",
            "0.00",
            "0.00",
            "0.00",
        ],
    )
    bill.row(
        columns,
        [
            "2",
            "SAT",
            "03/17/2012",
            "8:30AM",
            "212-555-0199",
            "INCOMING CL",
            "12",
            "RM45",
            "DT",
            "M2MC",
            "0.00",
            "0.00",
            "0.00",
        ],
    )
    bill.text("Totals for (646) 555-0102        24        0.00        0.00        0.00")
    bill.gap()
    bill.text(
        "Charges that you do not recognise must be reported within 100 days of the date of this"
        " bill to be corrected."
    )
    bill.save("End of bill")


def tmobile(path: Path) -> None:
    """Dates without a year, written once a day; three sections; a page that goes on in the
    middle of a day.
    """
    talk = [(30, False), (130, False), (250, False), (470, False), (515, True), (570, True)]
    when: list[Column] = [
        (30, False),
        (78, False),
        (130, False),
        (250, False),
        (470, False),
        (515, True),
        (570, True),
    ]
    titles = ["When", "Who", "Description", "Type", "Min", "Cost"]
    text: list[Column] = [(30, False), (78, False), (130, False), (250, False), (470, False)]
    bill = Bill(path)

    def head(page: int) -> None:
        bill.text("T-Mobile", bold=True, size=14)
        bill.text(f"Bill issue date: Jan 22, 2025     Account 900000000     Page {page} of 2")
        bill.text("USAGE CHARGE DETAILS", bold=True)

    head(1)
    bill.text("(206) 555-0101                                   Dec 20 - Jan 19")
    bill.text("TALK", bold=True)
    bill.row(talk, titles, bold=True)
    bill.row(when, ["Dec 31", "11:58 PM", "OUT 442075550100", "to UK", "W", "2", "$6.00"])
    bill.row(when, ["Jan 08", "9:12 AM", "OUT 442075550100", "to UK", "W", "2", "$6.00"])
    bill.row(when, ["", "9:41 PM", "OUT 442075550100", "to UK", "W", "1", "$3.00"])
    bill.row(when, ["", "9:41 PM", "IN 4255550133", "", "", "14", ""])
    bill.next_page("1")
    head(2)
    bill.text("(206) 555-0101                                   Dec 20 - Jan 19")
    bill.text("TALK CONTINUED", bold=True)
    bill.row(talk, titles, bold=True)
    bill.row(when, ["", "10:05 PM", "IN Restricted", "Incoming", "", "1", ""])
    bill.row(when, ["Jan 09", "7:1? AM", "OUT 4255550133", "Seattle, WA", "", "3", ""])
    bill.row(when, ["", "8:30 AM", "OUT 4255550133", "Seattle, WA", "", "3", ""])
    bill.row(when, ["Jan 10", "8:31 AM", "OUT 611", "Customer care", "", "125", "$1,203.00"])
    bill.row(talk, ["Totals", "", "", "", "151", "$1,218.00"])
    bill.text("The date and time corresponds to the local time where the mobile was located.")
    bill.text("WHO: OUT Outgoing IN Incoming        TYPE: W Wi-Fi Call")
    bill.gap()
    bill.text("TEXT", bold=True)
    bill.row(
        [(30, False), (130, False), (250, False), (470, False)],
        ["When", "Who", "Destination", "Type"],
        bold=True,
    )
    bill.row(text, ["Jan 02", "1:00 PM", "OUT 4255550133", "Seattle, WA", "Text"])
    bill.row(text, ["", "1:01 PM", "IN 32665", "", "Picture"])
    bill.row(text, ["Totals", "", "2", "", ""])
    bill.gap()
    bill.text("(425) 555-0102                                   Dec 20 - Jan 19")
    bill.text("TALK", bold=True)
    bill.row(talk[:5], titles[:5], bold=True)
    bill.row(when[:6], ["", "6:00 AM", "IN 2065550101", "Incoming", "", "1"])
    bill.row(when[:6], ["Jan 03", "6:00 AM", "IN 2065550101", "Incoming", "", "1"])
    bill.text("DATA", bold=True)
    bill.row([(30, False), (300, True)], ["When", "MB"], bold=True)
    bill.row([(30, False), (300, True)], ["Jan 03", "1,024.5000"])
    bill.row([(30, False), (300, True)], ["Totals", "1,024.5000"])
    bill.save("2")


def verizon(path: Path) -> None:
    """A summary page without a table; titles on two lines; numbers with dots and with dashes;
    January in a bill of February.
    """
    columns = [
        (36, False),
        (66, False),
        (110, False),
        (175, False),
        (215, False),
        (290, False),
        (375, False),
        (465, True),
        (510, True),
        (555, True),
        (590, True),
    ]
    titles = [
        "Date",
        "Time",
        "Number",
        "Rate",
        "Usage type",
        "Origination",
        "Destination",
        "Min.",
        "charges",
        "charges",
        "Total",
    ]
    bill = Bill(path, size=6, pitch=7.5)
    bill.text("Verizon Wireless", bold=True, size=14)
    bill.text("Bill cycle date: February 10, 2024")
    bill.text("Account number 000000000-00001        Invoice number 0000000001")
    bill.text("Total due by March 1, 2024                                    $64.20")
    bill.next_page("Page 1 of 2")
    bill.text("Verizon Wireless", bold=True, size=14)
    bill.text("Call detail for 212-555-0101", bold=True)
    bill.row(columns, [*[""] * 8, "Airtime", "LD/Other", ""], bold=True)
    bill.row(columns, titles, bold=True)
    bill.row(
        columns,
        [
            "12/31",
            "11:59P",
            "646.555.0144",
            "Peak",
            "M2MAllow",
            "New York NY",
            "Brooklyn NY",
            "3",
            "--",
            "--",
            "--",
        ],
    )
    bill.row(
        columns,
        [
            "01/02",
            "8:05A",
            "646-555-0144",
            "Off-Peak",
            "N&W",
            "New York NY",
            "Incoming CL",
            "15",
            "--",
            "--",
            "--",
        ],
    )
    bill.row(
        columns,
        ["01/02", "8:05A", "Unavailable", "Peak", "", "", "Incoming CL", "1", "0.45", "", "0.45"],
    )
    bill.row(
        columns,
        [
            "01/03",
            "12:00P",
            "*86",
            "Peak",
            "PlanAllow",
            "New York NY",
            "Voice Mail CL",
            "1",
            "--",
            "--",
            "--",
        ],
    )
    bill.row(columns, ["Subtotal", "", "", "", "", "", "", "20", "0.45", "--", "0.45"])
    bill.gap()
    bill.text("Call detail for (917) 555-0102", bold=True)
    bill.row(columns, [*[""] * 8, "Airtime", "LD/Other", ""], bold=True)
    bill.row(columns, titles, bold=True)
    bill.row(
        columns,
        [
            "02/09",
            "12:00A",
            "011442075550100",
            "Peak",
            "PlanAllow",
            "New York NY",
            "United Kgdm",
            "61",
            "1.00",
            "88.20",
            "89.20",
        ],
    )
    bill.save("Page 2 of 2")


def verizon_talk(path: Path) -> None:
    """The form of about 2025: months by name, places with their state, a number with its device; a
    list that goes on over the page's end; a summary that names numbers with amounts.
    """
    columns: list[Column] = [
        (36, False),
        (80, False),
        (130, False),
        (205, False),
        (300, False),
        (420, True),
        (470, True),
        (525, True),
        (570, True),
    ]
    titles = [
        "Date", "Time", "Number", "Origination", "Destination", "Min.", "Charges", "Charges",
        "Total",
    ]  # fmt: skip
    bill = Bill(path)

    def head(title: str) -> None:
        bill.text(title, bold=True, size=12)
        bill.row(columns, [*[""] * 6, "Airtime", "LD/Other", ""], bold=True)
        bill.row(columns, titles, bold=True)

    bill.text("PAT EXAMPLE")
    bill.text("Billing period: Dec 11, 2024 - Jan 10, 2025")
    bill.text("Questions about your bill? verizon.com/support or 800-922-0204")
    bill.text("Bill summary by line", bold=True)
    bill.text("Pat Example Apple iPhone 15 (212-555-0101)                      $52.10")
    bill.text("Lee Example Apple iPhone 14 (646-555-0102)                      $48.00")
    bill.next_page("1")
    bill.text("Pat Example")
    bill.text("212-555-0101 Apple iPhone 15")
    head("Talk activity")
    for cells in (
        ["Dec 31", "11:59 PM", "646.555.0144", "New York, NY", "Brooklyn, NY", "3"],
        ["Jan 1", "12:01 AM", "646.555.0144", "New York, NY", "Incoming, CL", "12"],
    ):
        bill.row(columns, [*cells, "--", "--", "--"])
    bill.next_page("2")
    bill.text("Pat Example")
    bill.text("212-555-0101 Apple iPhone 15")
    head("Talk activity (cont.)")
    bill.row(
        columns,
        ["Jan 2", "3:45 PM", "*86", "New York, NY", "Voice Mail, CL", "1", "--", "--", "--"],
    )
    bill.gap()
    bill.text("Lee Example")
    bill.text("646.555.0102")
    head("Talk activity")
    bill.row(
        columns,
        [
            "Jan 10",
            "9:05 AM",
            "212.555.0101",
            "Newark, NJ",
            "Incoming, CL",
            "104",
            "--",
            "1.50",
            "1.50",
        ],
    )
    bill.save("3")


def sprint(path: Path) -> None:
    """One number, a column that no layout knows, a full year."""
    columns = [
        (40, False),
        (90, False),
        (130, False),
        (200, False),
        (300, False),
        (400, True),
        (450, True),
        (500, True),
        (530, True),
        (580, True),
    ]
    titles = [
        "Date",
        "Time",
        "Phone number",
        "Call destination",
        "Rate/Type",
        "Minutes used",
        "Airtime charges",
        "LD charges",
        "Tax",
        "Total charges",
    ]
    bill = Bill(path, size=6, pitch=8)
    bill.text("Sprint", bold=True, size=14)
    bill.text("Invoice period Oct 05, 2013 - Nov 04, 2013")
    bill.text("Phone number: (913) 555-0101", bold=True)
    bill.row(columns, titles, bold=True)
    bill.row(
        columns,
        [
            "10/06/2013",
            "09:15 AM",
            "816-555-0120",
            "KANSASCITY MO",
            "AT",
            "4",
            "0.00",
            "0.00",
            "",
            "0.00",
        ],
    )
    bill.row(
        columns,
        [
            "10/06/2013",
            "12:15 AM",
            "816-555-0121",
            "Incoming",
            "NW",
            "1",
            "0.00",
            "0.00",
            "0.02",
            "0.02",
        ],
    )
    bill.row(
        columns,
        ["10/07/2013", "05:40 PM", "913-555-0101", "Voicemail", "", "2", "", "", "", "0.00"],
    )
    bill.row(columns, ["Total", "", "", "", "", "7", "0.00", "0.00", "0.02", "0.02"])
    bill.save("Page 1 of 1")


if __name__ == "__main__":
    att(HERE / "att_bill.pdf")
    tmobile(HERE / "tmobile_bill.pdf")
    verizon(HERE / "verizon_bill.pdf")
    verizon_talk(HERE / "verizon_talk_bill.pdf")
    sprint(HERE / "sprint_bill.pdf")
