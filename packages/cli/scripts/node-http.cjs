/**
 * What the bundle takes for `node:http`. An import of it as a module reads each of its exports, also those that first load all
 * of Node's fetch and WebSocket client, which took a fifth of loading a member; `require` reads only what is asked for.
 */
module.exports = require('http');
