// What pages do with JavaScript; without it each still works. htmx fetches, this
// opens dialogs, copies, and listens to the keyboard.
(() => {
  "use strict";
  const dialog = document.getElementById("dialog");
  const keys = document.getElementById("keys");
  const body = document.getElementById("dialog-body");

  // A dialog opens when its content has come.
  document.addEventListener("htmx:after:swap", () => {
    if (!body || body.childElementCount === 0 || dialog.open) return;
    dialog.showModal();
    body.querySelector(".body :is(input:not([type=hidden]), select, textarea)")?.focus();
  });
  dialog?.addEventListener("close", () => body.replaceChildren());

  // Lists refresh by themselves, but not unseen, under a dialog, or while in use.
  document.addEventListener("htmx:before:request", (e) => {
    const from = e.detail?.ctx?.sourceElement;
    if (!from?.matches?.("[hx-trigger^=every]")) return;
    const busy = document.hidden || dialog?.open || from.querySelector("details[open], input:checked");
    if (busy) e.preventDefault();
  });

  document.addEventListener("click", (e) => {
    const t = e.target.closest("[data-close], [data-copy], [data-keys]");
    closeMenus(e.target.closest("details.menu"));
    if (!t) return;
    if ("copy" in t.dataset) copy(t);
    else if ("keys" in t.dataset) keys.showModal();
    else if (t.closest("dialog")?.open) { e.preventDefault(); t.closest("dialog").close(); }
  });

  async function copy(button) {
    const source = button.dataset.copy || document.getElementById(button.dataset.copyFrom)?.textContent || "";
    const words = button.textContent;
    try { await navigator.clipboard.writeText(source); button.textContent = "Copied"; }
    catch { button.textContent = "Select it and copy"; }
    setTimeout(() => { button.textContent = words; }, 2000);
  }

  function closeMenus(but) {
    for (const m of document.querySelectorAll("details.menu[open]")) if (m !== but) m.open = false;
  }

  // On a phone the menu of pages begins closed.
  const nav = document.querySelector("details.nav");
  if (nav && matchMedia("(max-width: 760px)").matches) nav.open = false;

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const current = () => document.querySelector("[data-row].at");
  function move(step) {
    const all = rows();
    if (all.length === 0) return;
    const at = all.indexOf(current());
    const to = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    current()?.classList.remove("at");
    to.classList.add("at");
    to.querySelector("[data-open]")?.focus();
    to.scrollIntoView({ block: "nearest" });
  }

  const places = { o: "overview", s: "services", r: "renewals", c: "calendar" };
  let going = 0;
  function go(key) {
    const words = places[key];
    const links = document.querySelectorAll("aside nav a");
    for (const a of links) if (words && a.textContent.trim().toLowerCase().startsWith(words)) { a.click(); return; }
  }

  const acts = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    "?": () => keys.showModal(),
    j: () => move(1),
    k: () => move(-1),
    a: () => current()?.querySelector("[data-acknowledge]")?.click(),
    x: () => current()?.querySelector("[data-pick]")?.click(),
    ".": () => { const m = current()?.querySelector("[data-menu]"); if (m) { m.open = !m.open; m.querySelector(m.open ? "li a" : "summary")?.focus(); } },
    g: () => { going = Date.now(); },
  };

  // In the calendar arrows move by day and week; Tab passes it as one.
  const heat = document.querySelector("[data-heat]");
  const days = [...(heat?.querySelectorAll("[data-day]") ?? [])].sort((a, b) => a.dataset.day.localeCompare(b.dataset.day));
  const first = days.find((d) => d.ariaCurrent) ?? days[0];
  for (const d of days) d.tabIndex = d === first ? 0 : -1;
  heat?.addEventListener("keydown", (e) => {
    const step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7 }[e.key];
    const to = step && days[days.indexOf(e.target) + step];
    if (!to) return;
    e.preventDefault();
    e.target.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });

  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") {
      const open = document.querySelector("details.menu[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
      if (e.target.matches("[data-search]")) e.target.blur();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select") || document.querySelector("dialog[open]")) return;
    if (Date.now() - going < 1500 && places[e.key]) { going = 0; e.preventDefault(); go(e.key); return; }
    const act = acts[e.key];
    if (act) { e.preventDefault(); act(); }
  });
})();
