/** The static table of HPACK (RFC 7541, appendix A), and what a field of a header list is here. */

/** A name and a value, a character a byte. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** False for a name or a value that HTTP/2 forbids: a request with such a field is malformed. */
  readonly sound: boolean;
}

/** In order; `name: value`, or a name alone. */
const rows = `
:authority
:method: GET
:method: POST
:path: /
:path: /index.html
:scheme: http
:scheme: https
:status: 200
:status: 204
:status: 206
:status: 304
:status: 400
:status: 404
:status: 500
accept-charset
accept-encoding: gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`;

/** By index less one. */
export const staticTable: readonly HeaderField[] = rows
  .trim()
  .split('\n')
  .map((row) => {
    const [name = '', value = ''] = row.split(/(?<=.): /);
    return { name, value, sound: true };
  });

/** What an entry counts beyond its name and value. */
export const fieldOverheadBytes = 32;
