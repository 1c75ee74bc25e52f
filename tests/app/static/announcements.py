"""What an element says for a moment only, heard however late one comes to look."""

from __future__ import annotations

from playwright.sync_api import Locator

_WRITE_DOWN = """node => {
  const said = [node.textContent];
  new MutationObserver(() => said.push(node.textContent))
    .observe(node, { childList: true, characterData: true, subtree: true });
  return said;
}"""
_HAS = "([said, text]) => said.some(one => one.includes(text))"


class Announcements:
    """All that an element has said since this was made; the page must not be left meanwhile."""

    def __init__(self, node: Locator) -> None:
        self._page = node.page
        self._said = node.evaluate_handle(_WRITE_DOWN)

    def wait_for(self, text: str) -> None:
        """Wait until it has said this, be it long ago."""
        self._page.wait_for_function(_HAS, arg=[self._said, text])
