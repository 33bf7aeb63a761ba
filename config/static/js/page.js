// What every page has: menus that close, the theme switch without a reload, errors of htmx requests.

// A menu is a <details data-menu>: it opens without this script, and closes by itself with it.
const openMenus = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The theme: the attribute changes at once, the cookie is set behind it.
for (const form of document.querySelectorAll("[data-theme-form]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const theme = event.submitter?.value ?? "system";
    const body = new FormData(form);
    body.set("theme", theme);
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Quiet": "1" } }).catch(() => null);
    if (!answer?.ok) return form.submit();
    const root = document.documentElement;
    if (!document.querySelector(".room")) {
      if (theme === "system") root.removeAttribute("data-theme");
      else root.dataset.theme = theme;
    }
    for (const button of document.querySelectorAll("[data-theme-form] button"))
      button.setAttribute("aria-pressed", String(button.value === theme));
  });
}

// A request of htmx that gets no answer says so; refusals with a body are swapped into #flash.
document.addEventListener("htmx:sendError", () => {
  const source = document.getElementById("offline-notice");
  const flash = document.getElementById("flash");
  if (source && flash) flash.replaceChildren(source.content.cloneNode(true));
});

// Notices that came while the user was further down must be seen.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id === "flash") event.detail.target.scrollIntoView({ block: "nearest" });
});

// Double posts: a form that is on its way does not go twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
