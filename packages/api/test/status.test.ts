import {
  ApiError,
  alreadyExists,
  badRequest,
  conflict,
  deleted,
  expired,
  forbidden,
  internalError,
  invalidField,
  invalidObject,
  isReason,
  leaderFenced,
  methodNotAllowed,
  notFound,
  requiredField,
  resourceVersionTooLarge,
  statusCodes,
  tooManyRequests,
  unauthorized,
  unknownResource,
} from '@flotilla/api';
import t from 'tap';

const pods = { group: '', resource: 'pods' };
const deployments = { group: 'apps', resource: 'deployments' };

void t.test('errors read as those of Kubernetes', (t) => {
  const cases: readonly (readonly [ApiError, number, string])[] = [
    [notFound(pods, 'x'), 404, 'pods "x" not found'],
    [notFound(deployments, 'x'), 404, 'deployments.apps "x" not found'],
    [unknownResource(), 404, 'the server could not find the requested resource'],
    [alreadyExists(pods, 'x'), 409, 'pods "x" already exists'],
    [
      conflict(deployments, 'x'),
      409,
      'Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [forbidden(pods, 'x', 'no'), 403, 'pods "x" is forbidden: no'],
    [forbidden(pods, '', 'no'), 403, 'pods is forbidden: no'],
    [unauthorized(), 401, 'Unauthorized'],
    [badRequest('bad'), 400, 'bad'],
    [methodNotAllowed(pods, 'delete'), 405, 'delete is not supported on resources of kind "pods"'],
    [resourceVersionTooLarge({ requested: 9, current: 3 }), 504, 'Too large resource version: 9, current: 3'],
    [internalError(new Error('boom')), 500, 'Internal error occurred: boom'],
    [tooManyRequests('slow down', 1), 429, 'slow down'],
  ];
  for (const [error, code, message] of cases) {
    t.equal(error.message, message);
    t.match(error.status, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message }, message);
  }
  t.end();
});

void t.test('an invalid object tells each field, once in the message', (t) => {
  const one = invalidObject({ group: 'apps', kind: 'Deployment' }, 'x', [requiredField('spec.selector')]);
  t.equal(one.message, 'Deployment.apps "x" is invalid: spec.selector: Required value');
  const errors = [requiredField('a'), invalidField('b', 'c"', 'bad'), requiredField('a')];
  const { message, status } = invalidObject({ group: '', kind: 'Pod' }, 'x', errors);
  t.equal(message, 'Pod "x" is invalid: [a: Required value, b: Invalid value: "c\\"": bad]');
  t.same(status.details, {
    name: 'x',
    kind: 'Pod',
    causes: [
      { reason: 'FieldValueRequired', message: 'Required value', field: 'a' },
      { reason: 'FieldValueInvalid', message: 'Invalid value: "c\\"": bad', field: 'b' },
      { reason: 'FieldValueRequired', message: 'Required value', field: 'a' },
    ],
  });
  t.equal(status.code, 422);
  t.end();
});

void t.test('details tell clients how to go on', (t) => {
  t.same(notFound(deployments, 'x').status.details, { name: 'x', group: 'apps', kind: 'deployments' });
  t.match(resourceVersionTooLarge({ requested: 9, current: 3 }).status, {
    reason: 'Timeout',
    details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
  });
  t.match(expired('too old', 'token').status, { reason: 'Expired', code: 410, metadata: { continue: 'token' } });
  t.match(deleted(pods, 'x', 'u'), { status: 'Success', details: { name: 'x', kind: 'pods', uid: 'u' } });
  t.end();
});

void t.test('a lost fence is told apart from a conflict', (t) => {
  const fenced = leaderFenced(pods, 'x', 'scheduler');
  t.equal(fenced.code, 409);
  t.ok(isReason(fenced, 'LeaderFenced'));
  t.notOk(isReason(fenced, 'Conflict'));
  t.notOk(isReason(new Error('x'), 'Conflict'));
  t.end();
});

void t.test('each reason has the code that Kubernetes gives it', (t) => {
  const { LeaderFenced, ...kubernetes } = statusCodes;
  t.equal(LeaderFenced, 409);
  t.same(kubernetes, {
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    AlreadyExists: 409,
    Conflict: 409,
    Gone: 410,
    Expired: 410,
    RequestEntityTooLarge: 413,
    UnsupportedMediaType: 415,
    Invalid: 422,
    TooManyRequests: 429,
    BadRequest: 400,
    InternalError: 500,
    ServerTimeout: 500,
    ServiceUnavailable: 503,
    Timeout: 504,
  });
  t.end();
});
