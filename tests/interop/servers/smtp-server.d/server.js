// SPDX-License-Identifier: MIT
// server.js DIR HOST PORT SIZE-LIMIT
// A receiving server made of npm's smtp-server: PORT with STARTTLS, PORT+1 with TLS at once. Each
// message is written once per recipient, as DIR/mail/LOCAL-PART/new/FILE: a Return-Path line,
// then the bytes as they came.
'use strict';
const fs = require('fs');
const path = require('path');
const { SMTPServer } = require('smtp-server');

const [dir, host, port, sizeLimit] = process.argv.slice(2);
const known = { test: 'secret' };
const recipients = ['test@example.test', 'other@example.test', 'üser@example.test'];
let arrived = 0;

function refusal(code, text) {
    return Object.assign(new Error(text), { responseCode: code });
}

function authenticated(auth, session, callback) {
    const password = known[auth.username];
    const isRight = auth.method === 'CRAM-MD5'
        ? password !== undefined && auth.validatePassword(password)
        : password !== undefined && auth.password === password;
    if (!isRight) {
        return callback(refusal(535, 'wrong user or password'));
    }
    return callback(null, { user: auth.username });
}

function recipientNamed(address, session, callback) {
    callback(recipients.includes(address.address) ? null : refusal(550, 'no such user'));
}

function maildir(address) {
    const folder = path.join(dir, 'mail', address.split('@')[0]);
    fs.mkdirSync(path.join(folder, 'tmp'), { recursive: true });
    fs.mkdirSync(path.join(folder, 'new'), { recursive: true });
    return folder;
}

// Complete files alone are to be seen in new/: written in tmp/, then moved.
function deliver(written, envelope) {
    for (const recipient of envelope.rcptTo) {
        const folder = maildir(recipient.address);
        const name = path.basename(written);
        fs.copyFileSync(written, path.join(folder, 'tmp', name));
        fs.renameSync(path.join(folder, 'tmp', name), path.join(folder, 'new', name));
    }
    fs.unlinkSync(written);
}

function received(stream, session, callback) {
    arrived += 1;
    const written = path.join(dir, 'mail', `${arrived}.${process.pid}`);
    const file = fs.createWriteStream(written);
    const sender = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
    file.write(`Return-Path: <${sender}>\r\n`);
    stream.pipe(file);
    file.on('error', callback);
    file.on('finish', () => {
        if (stream.sizeExceeded) {
            fs.unlinkSync(written);
            return callback(refusal(552, 'message exceeds the size limit'));
        }
        deliver(written, session.envelope);
        return callback(null, 'kept');
    });
}

function listen(listenPort, secure) {
    const server = new SMTPServer({
        name: host,
        secure,
        key: fs.readFileSync(path.join(dir, 'tls', 'server.key')),
        cert: fs.readFileSync(path.join(dir, 'tls', 'server.crt')),
        authOptional: true,
        allowInsecureAuth: true,
        authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5'],
        size: Number(sizeLimit),
        hideENHANCEDSTATUSCODES: false,
        hideDSN: false,
        hideREQUIRETLS: false,
        disableReverseLookup: true,
        onAuth: authenticated,
        onRcptTo: recipientNamed,
        onData: received,
    });
    // A client that breaks off is no reason to end.
    server.on('error', (error) => console.log(error.message));
    server.listen(listenPort, '127.0.0.1');
    return server;
}

listen(Number(port), false);
listen(Number(port) + 1, true);
