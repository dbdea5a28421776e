import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

/** Nothing but this service is asked: no validator elsewhere, no address given by a link. */
SwaggerUI({
  dom_id: "#api",
  url: "/api/openapi.json",
  validatorUrl: null,
  queryConfigEnabled: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  persistAuthorization: false,
  tagsSorter: "alpha",
});
