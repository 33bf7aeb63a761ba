// Long lists of choices get a box that narrows them; without script they are scrolled.
const fold = (text) => text.normalize("NFKC").toLowerCase().trim();

const narrow = (box) => {
  const wanted = fold(box.value);
  for (const item of document.querySelectorAll(`#${box.dataset.narrows} li`)) {
    item.hidden = !fold(item.textContent).includes(wanted);
  }
};

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-narrows]")) narrow(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("[data-narrows]")) return;
  event.preventDefault();
  document.querySelector(`#${event.target.dataset.narrows} li:not([hidden]) a`)?.click();
});
for (const box of document.querySelectorAll("[data-narrows]")) box.closest(".field").hidden = false;
