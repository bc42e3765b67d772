// Shows the document that the page names. Requests go to this service only, so there is no badge of a validator.

const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", darkness.matches);
darkness.addEventListener("change", follow);
follow();

// An operation has up to a dozen error responses: each is one line until its reader opens it.
const RefusalsInALine = () => ({
  wrapComponents: {
    response: (Response, { React, getComponent }) => (properties) => {
      const [open, setOpen] = React.useState(false);
      const { code, response } = properties;
      if (code.startsWith("2")) {
        return React.createElement(Response, properties);
      }
      const Markdown = getComponent("Markdown", true);
      const toggle = { type: "button", "aria-expanded": open, onClick: () => setOpen(!open) };
      const line = React.createElement(
        "tr",
        { className: "refusal" },
        React.createElement("td", { className: "response-col_status" }, code),
        React.createElement(
          "td",
          { className: "response-col_description", colSpan: 2 },
          React.createElement("button", toggle, React.createElement(Markdown, { source: response.get("description") })),
        ),
      );
      return React.createElement(React.Fragment, null, line, open && React.createElement(Response, properties));
    },
  },
});

SwaggerUIBundle({
  dom_id: "#page",
  url: document.getElementById("page").dataset.document,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelRendering: "example",
  defaultModelExpandDepth: 3,
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [RefusalsInALine],
});
