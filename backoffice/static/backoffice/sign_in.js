// A page ends with the sign-in that it belongs to: at the idle limit, and as soon as somebody signs
// out in another window of this browser. A page into which nothing was typed is left; of another,
// what was typed is covered, and comes back once the same person has signed in again.
{
  const facts = new URL(document.currentScript.src).searchParams;
  const user = facts.get("user");
  const limit = Number(facts.get("idle")) * 60_000;
  const windows = new BroadcastChannel("sign-in");
  let usedAt = Date.now();
  let typed = false;
  const home = facts.get("home");
  let cover = null;

  const leave = () => {
    document.body.replaceChildren();
    location.replace(location.pathname + location.search); // to where one signs in
  };

  const end = () => {
    if (cover) return;
    if (!typed && !document.querySelector(".errornote, .errorlist")) return leave();
    cover = document.createElement("div");
    cover.className = "bo-cover";
    cover.setAttribute("role", "alertdialog");
    const note = document.createElement("p");
    note.textContent = "You are signed out. What you typed here is kept: ";
    const link = document.createElement("a");
    link.href = home;
    link.target = "_blank";
    link.textContent = "sign in in another window";
    note.append(link, ", and come back.");
    cover.append(note);
    document.body.inert = true; // no key and no program that reads aloud goes behind the cover
    document.documentElement.append(cover);
    link.focus();
  };

  const goOn = () => {
    usedAt = Date.now();
    document.body.inert = false;
    cover?.remove();
    cover = null;
  };

  const look = () => user && Date.now() - usedAt >= limit && end();

  windows.postMessage(user);
  windows.onmessage = ({ data }) => {
    if (!user) return;
    if (data === user) goOn();
    else if (data === null) end();
    else leave(); // somebody else: nothing of the first person stays
  };
  addEventListener("input", () => (typed = true), true);
  addEventListener("htmx:afterRequest", () => (usedAt = Date.now()), true);
  document.addEventListener("visibilitychange", look);
  setInterval(look, 5_000);
}
