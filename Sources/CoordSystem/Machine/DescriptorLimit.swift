import Glibc

/// How many descriptors a process may have (getrlimit(2)).
enum DescriptorLimit {
  /// What this process was started with, and its children get: sbatch gives its own to the job.
  private static let given = current

  private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

  private static var current: rlimit {
    var limit = rlimit()
    // POSIX's least.
    if getrlimit(resource, &limit) != 0 { limit = rlimit(rlim_cur: 20, rlim_max: 20) }
    return limit
  }

  /// Lets this process have `wanted`, or as many as it may; how many that is.
  static func raise(to wanted: Int) -> Int {
    var limit = given
    if limit.rlim_cur < rlim_t(wanted) {
      limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
      setrlimit(resource, &limit)
    }
    return Int(clamping: current.rlim_cur)
  }

  /// Runs `body`, which starts a child, with the limit that this process was started with. It has one thread: nobody else opens
  /// anything meanwhile.
  static func asGiven<R>(_ body: () -> R) -> R {
    var (given, now) = (given, current)
    guard given.rlim_cur != now.rlim_cur else { return body() }
    setrlimit(resource, &given)
    defer { setrlimit(resource, &now) }
    return body()
  }
}
