// Shows the document that the page names. No address but our own is asked, so there is no badge of a validator.
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
});
