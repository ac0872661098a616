#include "cmd/container/limit_flags.h"

namespace creel::cmd {

void declare_common_limit_flags(Flags& flags, engine::LimitOptions& l) {
  flags.value("-m,--memory", l.memory, "size", "Limit of memory, such as 512m");
  flags.value("--memory-reservation", l.memory_reservation, "size",
              "Memory that is left to the container when it gets scarce");
  flags.value("--memory-swap", l.memory_swap, "size", "Limit of memory and swap together; -1 for any swap");
  flags.integer("--memory-swappiness", l.memory_swappiness, "number", "").hidden();
  flags.value("--cpus", l.cpus, "number", "Limit of CPU time, in CPUs: 1.5");
  flags.integer("-c,--cpu-shares", l.cpu_shares, "number", "Weight against others when CPUs are busy, 1024 is usual");
  flags.integer("--cpu-quota", l.cpu_quota, "us", "CPU time in each period, in microseconds");
  flags.integer("--cpu-period", l.cpu_period, "us", "Length of the period of --cpu-quota");
  flags.integer("--cpu-rt-period", l.cpu_rt_period, "us", "").hidden();
  flags.integer("--cpu-rt-runtime", l.cpu_rt_runtime, "us", "").hidden();
  flags.value("--cpuset-cpus", l.cpuset_cpus, "list", "CPUs to run on: 0-3,7");
  flags.value("--cpuset-mems", l.cpuset_mems, "list", "Memory nodes to allocate from: 0,1");
  flags.value("--blkio-weight", l.blkio_weight, "number", "Weight against others when disks are busy, 10 to 1000");
  flags.list("--blkio-weight-device", l.blkio_weight_device, "device:number", "Weight of one disk, 10 to 1000");
  flags.list("--device-read-bps", l.device_read_bps, "device:size", "Limit of bytes read from a disk per second");
  flags.list("--device-write-bps", l.device_write_bps, "device:size", "Limit of bytes written to a disk per second");
}

void declare_limit_flags(Flags& flags, engine::LimitOptions& l) {
  declare_common_limit_flags(flags, l);
  flags.integer("--pids-limit", l.pids_limit, "number", "Limit of processes and threads; -1 for none");
  flags.list("--device-read-iops", l.device_read_iops, "device:number", "Limit of reads from a disk per second");
  flags.list("--device-write-iops", l.device_write_iops, "device:number", "Limit of writes to a disk per second");
}

}  // namespace creel::cmd
