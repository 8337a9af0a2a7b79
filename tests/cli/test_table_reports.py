"""Tables of recordings as HTML, Markdown and text (`contract.cli.table_reports`)."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from rich.console import Console
from support.hostile import ATTACKS, HOSTILE, obeyed
from support.table_rows import HEADER, RESULTS, made

from contract.cli.table_reports import REPORTERS, show
from contract.model.check import Finding
from contract.model.redaction import register_secret
from contract.reporters.page.rendering import MOST_BYTES
from contract.run.beside import About, Beside, Claim, Identity
from contract.run.report import Outcome

HTML, MARKDOWN = REPORTERS["html"].render, REPORTERS["markdown"].render
KEY = "sk-Example/7f+19a"


def rows(text="x", *, each=1):
    """Two rows, one with *text* wherever a server or a person may write."""
    failed = replace(RESULTS[1], findings=(Finding(text, hint=text),) * each)
    waived = replace(RESULTS[3], reason=text)
    beside = Beside(
        about=About(engine=text, version=text, started_with=text, remark=text),
        identity=Identity(verdict="different", differs_in=(text,), model=text),
        claims=(Claim(name=text, verdict="below", rate=0.5, answers=9, model=text),),
    )
    header = replace(HEADER, target=text, model=text, profile=text, trouble=text)
    return (
        made(
            (failed, RESULTS[2], waived, *RESULTS[4:]),
            name=text,
            header=header,
            beside=beside,
        ),
        made((RESULTS[0],), name="kept"),
    )


def printed(found):
    page = io.StringIO()
    show(found, Console(file=page, width=100, highlight=False, markup=False))
    return page.getvalue()


class Tags(HTMLParser):
    """The elements of a page with their attributes, in order."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))


def test_markdown_shows_who_keeps_the_contract_then_families_figures_and_failures():
    shown = MARKDOWN(rows("vllm"), "checks.md")
    lines = shown.splitlines()

    assert [line for line in lines if line.startswith("#")] == [
        "## Which engine keeps the contract",
        "## Family by family",
        "## Identity, published figures and times",
        "## What failed",
        "### `vllm`",
        "## The recorded servers",
    ]
    assert "**1 of 2 recordings keep the contract.**" in lines
    kept = "| `kept` | vllm (version not stated) | `vllm-0.32` | PASSED |"
    assert f"{kept} 0 | 0 | 0 | 1 | 0 |" in lines
    assert "| [usage](checks.md#usage) | **1 failed, 1 warned of 2** | 1 |" in lines
    assert "different: vllm | vllm below: 50.0% of 9 answers |" in shown
    assert "- [`usage.b`](checks.md#usage) (MUST, failed): It MUST hold." in lines
    assert "- `vllm`: `tools.a`" in lines
    assert "  - started with `vllm`" in lines


def test_without_a_page_of_checks_nothing_is_linked():
    assert "](" not in MARKDOWN(rows())
    assert not [a for tag, a in Tags(HTML(rows())).found if "rel" in dict(a)]


def test_the_page_links_each_failed_check_to_its_family():
    page = HTML(rows(), "https://docs.test/checks.md")
    links = [dict(a)["href"] for tag, a in Tags(page).found if tag == "a"]

    assert "https://docs.test/checks.md#usage" in links
    assert "<h1>1 of 2 recordings keep the contract.</h1>" in page
    assert {link[1:] for link in links if link.startswith("#")} == {
        dict(a)["id"] for _, a in Tags(page).found if "id" in dict(a)
    }


def test_nothing_is_loaded_and_nothing_runs():
    found = Tags(HTML(rows())).found

    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in found}
    assert not [
        name for _, attrs in found for name, _ in attrs if name.startswith("on")
    ]


def test_the_terminal_shows_numbers_and_what_failed():
    lines = printed(rows("vllm")).splitlines()

    assert " ".join(lines[0].split()) == (
        "recording verdict failed warn waived passed not judged"
    )
    assert " ".join(lines[1].split()) == "vllm FAILED 1 1 1 0 2"
    assert "  FAIL      usage.b" in lines
    assert "  WARN      usage.c" in lines
    assert "  measured  identity not measured, figures not measured" in lines
    assert lines[-1] == "1 of 2 recordings keep the contract."


@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS, "</style><script>x</script>"])
def test_no_text_is_obeyed_or_adds_an_element(text):
    assert obeyed(printed(rows(text))) == []
    assert obeyed(MARKDOWN(rows(text))) == []
    page = HTML(rows(text))
    assert obeyed(page) == []
    assert Tags(page).found == Tags(HTML(rows())).found


@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS])
def test_markdown_has_no_link_picture_or_html_of_a_server(text):
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def kinds(one):
        return [
            (token.type, token.tag)
            for block in parser.parse(MARKDOWN(rows(one)))
            for token in (block, *(block.children or ()))
            if token.type not in {"text", "text_special", "code_inline"}
        ]

    assert kinds(text) == kinds("x")


@pytest.mark.parametrize("kind", sorted(REPORTERS))
def test_no_table_shows_a_secret(kind):
    register_secret(KEY)
    shown = REPORTERS[kind].render(rows(f"bad key {KEY} here"))

    assert "***" in shown
    assert KEY not in shown


def test_a_page_of_many_long_texts_is_bounded():
    many = [rows("é" * 20_000, each=50)[0] for _ in range(40)]

    assert len(HTML(many).encode()) < MOST_BYTES


def test_a_check_that_crashed_is_listed_as_not_judged():
    broken = replace(RESULTS[0], outcome=Outcome.ERROR, reason="it raised", broken=True)
    shown = MARKDOWN((made((broken,)),))

    assert "(MUST, could not be judged)" in shown
    assert "  - it raised" in shown
    assert "**ERROR**" in shown
