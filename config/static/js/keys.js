// Keyboard shortcuts by attribute: `data-key="o"` clicks (a button, link, label) or focuses (a field) its
// element. Several with spaces ("ArrowRight l"), with "Shift+" / "Alt+" before them. In a field only keys
// with a modifier or named ones such as Escape count; in an open dialog only the dialog's own keys do.

const FIELDS = "input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit]), textarea, select";

const nameOf = (event) => {
  const modifiers = [event.altKey && "Alt", event.shiftKey && event.key.length > 1 && "Shift"].filter(Boolean);
  return [...modifiers, event.key].join("+");
};

const matches = (element, pressed) =>
  element.dataset.key.split(" ").some((key) => key === pressed || key.toLowerCase() === pressed.toLowerCase());

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.isComposing) return;
  const pressed = nameOf(event);
  if (event.target.closest?.(FIELDS) && !event.altKey) return;
  // A focused button keeps its own keys.
  if ((event.key === "Enter" || event.key === " ") && event.target.closest?.("a, button, summary")) return;
  const scope = document.querySelector("dialog[open]") ?? document;
  const target = [...scope.querySelectorAll("[data-key]")].find(
    (element) => matches(element, pressed) && !element.disabled && element.getClientRects().length > 0,
  );
  if (!target) return;
  event.preventDefault();
  if (target.matches(FIELDS)) target.focus();
  else target.click();
});
