// The readable pages of the API: Swagger UI on the document that the page's own element names. No outside calls.
(function () {
  "use strict";
  var place = document.getElementById("api");
  window.SwaggerUIBundle({
    url: place.getAttribute("data-specification"),
    domNode: place,
    validatorUrl: null,
    deepLinking: true,
    docExpansion: "list",
    persistAuthorization: false,
    presets: [window.SwaggerUIBundle.presets.apis],
  });
})();
