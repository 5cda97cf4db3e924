/** The messages of OpenAPI documents: apart from the others, since only who writes such a document needs to load them. */
export { openapi } from '../gen/openapi.js';
