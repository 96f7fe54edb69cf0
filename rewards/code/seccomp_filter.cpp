// SPDX-License-Identifier: Apache-2.0
// A table of refused calls and its translation: one comparison each, then the few calls that are refused by argument.
#include "rewards/code/seccomp_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace lockstep::rewards::code {
namespace {

constexpr uint32_t kNewestCall = SYS_set_mempolicy_home_node;
constexpr uint32_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr uint32_t kRefused[] = {
    // looking into or steering other processes
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd, SYS_process_madvise,
    SYS_process_mrelease, SYS_setpriority, SYS_ioprio_set, SYS_sched_setaffinity, SYS_sched_setscheduler,
    SYS_sched_setparam, SYS_sched_setattr, SYS_migrate_pages, SYS_move_pages,
    // namespaces and mounts
    SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
    SYS_fspick, SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_name_to_handle_at, SYS_open_by_handle_at,
    SYS_quotactl, SYS_quotactl_fd, SYS_fanotify_init,
    // large kernel surfaces that no test needs
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
    SYS_add_key, SYS_request_key, SYS_keyctl, SYS_vmsplice, SYS_modify_ldt, SYS_personality, SYS_mbind,
    SYS_set_mempolicy, SYS_set_mempolicy_home_node, SYS_seccomp, SYS_memfd_secret,
    // the machine
    SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_swapon,
    SYS_swapoff, SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
    SYS_clock_adjtime, SYS_acct, SYS_syslog, SYS_iopl, SYS_ioperm, SYS_vhangup, SYS_sync, SYS_syncfs, SYS_io_setup,
    // memory and messages that outlive a process or count against no limit of it
    SYS_memfd_create, SYS_shmget, SYS_shmat, SYS_shmctl, SYS_shmdt, SYS_semget, SYS_semop, SYS_semctl, SYS_semtimedop,
    SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink, SYS_mq_timedsend, SYS_mq_timedreceive,
    SYS_mq_notify, SYS_mq_getsetattr,
    // the network
    SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4};

constexpr uint32_t kAll = ~uint32_t{0};
constexpr uint32_t kSharedMemory = MAP_SHARED | MAP_ANONYMOUS;

// Refused when these bits of the lower half of an argument have the value, or have another where `is_refused_if` is false.
struct ArgumentRule {
  uint32_t call, argument, bits, value;
  bool is_refused_if;
};

constexpr ArgumentRule kByArgument[] = {
    {SYS_clone, 0, kNewNamespaces, 0, false},
    {SYS_prlimit64, 0, kAll, 0, false},         // limits of another process
    {SYS_socketpair, 0, kAll, AF_UNIX, false},  // asyncio and multiprocessing need these
    // But not datagrams (2, and 3 means the same here), which can be sent to other addresses.
    {SYS_socketpair, 1, SOCK_DGRAM, 0, false},
    // It stays as a whole while one page of it is mapped: no limit of address space would hold.
    {SYS_mmap, 3, kSharedMemory, kSharedMemory, true},
    {SYS_ioctl, 1, kAll, TIOCSTI, true},  // typing into a terminal (CVE-2017-5226)
    {SYS_ioctl, 1, kAll, TIOCLINUX, true},
};

sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
sock_filter leave(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
// Goes on `if_true` or `if_false` instructions further down.
sock_filter jump(uint16_t condition, uint32_t value, uint8_t if_true, uint8_t if_false) {
  return BPF_JUMP(static_cast<uint16_t>(BPF_JMP | condition | BPF_K), value, if_true, if_false);
}

constexpr uint32_t refuse(int error) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(error); }

}  // namespace

std::vector<sock_filter> seccomp_filter() {
  std::vector<sock_filter> filter = {
      load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0), leave(SECCOMP_RET_KILL_PROCESS),
      load(offsetof(seccomp_data, nr)), jump(BPF_JGT, kNewestCall, 0, 1), leave(refuse(ENOSYS)),
      // Its flags lie in memory, where no filter can see them: without it libraries use clone.
      jump(BPF_JEQ, SYS_clone3, 0, 1), leave(refuse(ENOSYS))};
  for (const uint32_t call : kRefused) {
    filter.push_back(jump(BPF_JEQ, call, 0, 1));
    filter.push_back(leave(refuse(EPERM)));
  }
  for (const ArgumentRule& rule : kByArgument) {
    const auto yes = static_cast<uint8_t>(rule.is_refused_if ? 0 : 1);
    filter.push_back(jump(BPF_JEQ, rule.call, 0, 5));
    filter.push_back(load(offsetof(seccomp_data, args) + rule.argument * sizeof(uint64_t)));
    filter.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rule.bits));
    filter.push_back(jump(BPF_JEQ, rule.value, yes, static_cast<uint8_t>(1 - yes)));
    filter.push_back(leave(refuse(EPERM)));
    filter.push_back(load(offsetof(seccomp_data, nr)));
  }
  filter.push_back(leave(SECCOMP_RET_ALLOW));
  return filter;
}

}  // namespace lockstep::rewards::code
