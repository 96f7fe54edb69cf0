// SPDX-License-Identifier: Apache-2.0
// CURVE keys as files: who a worker and a trainer are to each other.
//
// `lockstep keygen NAME` writes NAME.key, which stays where it was made (mode 0600), and NAME.pub, one line of an allow list:
// `cat worker*.pub > allowed` lets these workers in. A trainer has the workers' public keys, a worker has the trainer's.
#pragma once

#include <string>
#include <vector>

namespace lockstep::rollout::remote {

// Z85 text (ZeroMQ RFC 32) of 40 characters each.
struct KeyPair {
  std::string public_key, secret_key;
};

struct AllowedKey {
  std::string public_key;
  std::string name;  // for the log; may be empty
};

// Fresh keys from the system's randomness. No public key begins with '#', which begins a comment in an allow list.
KeyPair generate_keys();

// Writes fresh keys to PREFIX.key (mode 0600 from its first moment) and PREFIX.pub, and gives back the public one. Error when
// one of the files is there already, or cannot be written; then neither is left.
std::string write_keys(const std::string& prefix);

// Error when the file is missing, can be read by others than its owner, or does not hold a pair that belongs together.
KeyPair read_keys(const std::string& path);

// A NAME.pub. Error when it is missing or holds anything but one key.
std::string read_public_key(const std::string& path);

// Lines of a public key and, behind white space, a name; empty lines and those that begin with '#' do not count. Error with
// file and line on anything else, on a key that comes twice, on a file that everybody may write, and when there is no key.
std::vector<AllowedKey> read_allow_list(const std::string& path);

}  // namespace lockstep::rollout::remote
