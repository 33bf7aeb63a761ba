// Sheets are <dialog class="sheet" id="…">. `data-sheet-open="id"` opens one, `data-sheet-close` closes the
// one it is in, `data-sheet-auto` on the dialog opens it with the page. What htmx swaps in works as well.

const open = (sheet) => {
  if (!sheet || sheet.open) return;
  sheet.showModal();
  sheet.querySelector("[autofocus], input:checked, input:not([type=hidden]), select, textarea, button")?.focus();
};

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-sheet-open]");
  if (opener) {
    event.preventDefault();
    open(document.getElementById(opener.dataset.sheetOpen));
    return;
  }
  const closer = event.target.closest("[data-sheet-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog")?.close();
    return;
  }
  // A click beside the sheet closes it, unless it says that an answer is needed.
  if (event.target instanceof HTMLDialogElement && !("sheetStay" in event.target.dataset)) {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

const openWithPage = (root) => {
  for (const sheet of root.querySelectorAll("dialog[data-sheet-auto]")) open(sheet);
};
openWithPage(document);
document.addEventListener("htmx:load", (event) => {
  const root = event.detail.elt;
  if (root.matches?.("dialog[data-sheet-auto]")) open(root);
  else openWithPage(root);
});
