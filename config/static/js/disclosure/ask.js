// The page that asks for an export: shows the grounds that fit the recipient, and what the chosen one asks for.
// Without this script everything is shown, and the server says what is missing.
const form = document.querySelector("[data-ask]");
const grounds = JSON.parse(document.getElementById("ask-grounds").textContent);

const radios = (name) => [...form.querySelectorAll(`input[type=radio][name=${name}]`)];
const show = (part, wanted) => {
  if (part) part.hidden = !wanted;
};

function offer() {
  const to = form.elements.recipient_kind.value;
  for (const radio of radios("ground")) {
    const fits = grounds[radio.value]?.to.includes(to) ?? true;
    const line = radio.closest("label");
    (line.parentElement.children.length === 1 ? line.parentElement : line).hidden = !fits;
    if (!fits) radio.checked = false;
  }
  for (const radio of radios("purpose"))
    if (to === "own") radio.checked = radio.value === "other";
  ask();
}

function ask() {
  const chosen = grounds[radios("ground").find((radio) => radio.checked)?.value];
  for (const part of form.querySelectorAll("[data-asks]")) {
    const held = part.querySelector(".errors, .field--error");
    show(part, Boolean(chosen?.[part.dataset.asks]) || Boolean(held));
  }
  const urgent = form.elements.urgent;
  if (urgent) {
    if (!chosen?.life) urgent.checked = false;
    show(form.querySelector("[data-urgent]"), urgent.checked);
  }
  show(form.querySelector("[data-new-case]"), !form.elements.case?.value);
}

// What of a span goes out: a redaction is asked for only where something is redacted.
function forms() {
  for (const row of form.querySelectorAll(".ask__span")) {
    const select = row.querySelector("select[name$='-form']");
    const field = row.querySelector("select[name$='-redaction']")?.closest(".field");
    show(field, select.value !== "native");
  }
}

form.addEventListener("change", (event) => {
  if (event.target.name === "recipient_kind") return offer();
  forms();
  return ask();
});
offer();
forms();
