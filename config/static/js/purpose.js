// The purpose sheet: digits choose, and the sentence shows what the log will hold.
const sheet = document.querySelector("[data-purpose-sheet]");
const radios = [...sheet.querySelectorAll("input[name=purpose]")];
const caseField = sheet.querySelector("[name=case]");
const saidPurpose = sheet.querySelector("[data-said-purpose]");
const saidCase = sheet.querySelector("[data-said-case]");

function say() {
  const chosen = radios.find((radio) => radio.checked);
  saidPurpose.textContent = chosen ? chosen.dataset.text : "–";
  saidCase.hidden = !caseField.value;
  saidCase.querySelector("b").textContent = caseField.value;
}

sheet.addEventListener("input", say);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches?.("input:not([type=radio]), select, textarea")) return;
  const radio = radios[Number(event.key) - 1];
  if (!radio) return;
  radio.checked = true;
  radio.focus();
  say();
});
say();
(radios.find((radio) => radio.checked) ?? radios[0])?.focus();
