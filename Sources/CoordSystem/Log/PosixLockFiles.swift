public import CoordCore
import Glibc

/// The lock directory on a real filesystem.
public struct PosixLockFiles: LockFiles, Sendable {
  public let directory: String
  private var mode: mode_t { Glibc.mode_t(0o600) | ((status(of: directory)?.st_mode ?? 0o755) & 0o044) }

  /// - Parameter directory: exists. Files in it may be read by whoever may read the directory.
  public init(directory: String) { self.directory = directory }

  private func path(_ name: String) -> String { directory + "/" + name }

  public func list() throws(StorageFailure) -> LockListing {
    do throws(SystemFailure) {
      return try LockListing { take throws(SystemFailure) in try forEachEntry(of: directory, take) }
    } catch {
      // Removed by somebody. Where what is above it is missing too, the file system itself is away, which is no answer.
      if error.code == ENOENT, status(of: Project.parent(of: directory)) != nil { return LockListing([]) }
      throw StorageFailure(error)
    }
  }

  public func refresh() { _ = try? Descriptor(path: directory, O_RDONLY | O_DIRECTORY) }

  public func lock(_ name: String) throws(StorageFailure) -> LockFile? {
    do throws(SystemFailure) {
      let file = try Descriptor(path: path(name), O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
      var s = stat()
      guard fstat(file.raw, &s) == 0 else { throw SystemFailure("stat \(path(name))") }
      guard s.st_mode & S_IFMT == S_IFREG else { return .strange(Self.kind(s.st_mode)) }
      let bytes = try file.readAll(path(name), size: Int(s.st_size))
      return .bytes(bytes, owner: Self.nobodies.contains(s.st_uid) ? nil : s.st_uid)
    } catch {
      switch error.code {
      case ENOENT: return nil
      case ELOOP: return .strange("a symbolic link")
      case ENXIO: return .strange("a socket")
      case EACCES, EPERM:
        // What nobody can have written whole is nobody's lock, whoever may read it. A whole one that its maker's umask closed is
        // his to open.
        var s = stat()
        guard lstat(path(name), &s) == 0 else { throw StorageFailure(error) }
        guard s.st_mode & S_IFMT == S_IFREG else { return .strange(Self.kind(s.st_mode)) }
        if s.st_size == 0 { return .bytes([], owner: s.st_uid) }
        throw StorageFailure(error)
      default: throw StorageFailure(error)
      }
    }
  }

  /// What a file server shows where it does not know or does not trust the owner (exports(5), nfsidmap(5)).
  private static let nobodies: Set<UInt32> = [65_534, 4_294_967_294, .max]

  private static func kind(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a directory"
    case S_IFLNK: "a symbolic link"
    case S_IFSOCK: "a socket"
    case S_IFIFO: "a pipe"
    default: "no regular file"
    }
  }

  public var ownersAreReal: Bool {
    let probe = "tmp.\(hexadecimal(Machine.random(), digits: 16)).owner"
    defer { discard(probe) }
    guard let made = try? CoordSystem.stage([], at: path(probe), mode: mode) else { return true }
    return made.st_uid == geteuid()
  }

  public func stage(_ bytes: [UInt8], as temporary: String, durable: Bool) throws(StorageFailure) -> WallTime {
    let path = path(temporary)
    do throws(SystemFailure) {
      return WallTime(
        seconds: Int64(try CoordSystem.stage(bytes, at: path, mode: mode, durable: durable).st_mtim.tv_sec))
    } catch {
      throw StorageFailure(error)
    }
  }

  public func link(_ temporary: String, to name: String) throws(StorageFailure) {
    if Glibc.link(path(temporary), path(name)) != 0 { throw StorageFailure(SystemFailure("link \(path(name))")) }
  }

  public func create(_ name: String, _ bytes: [UInt8]) throws(StorageFailure) {
    do throws(SystemFailure) { _ = try createFile(path(name), bytes, mode: mode) } catch { throw StorageFailure(error) }
  }

  public func unstage(_ temporary: String, durable: Bool) {
    unlink(path(temporary))
    if durable, let descriptor = try? Descriptor(path: directory, O_RDONLY | O_DIRECTORY) {
      try? descriptor.sync(directory)
    }
  }

  public func discard(_ name: String) { unlink(path(name)) }

  public func written(_ name: String) -> WallTime? {
    status(of: path(name)).map { WallTime(seconds: Int64($0.st_mtim.tv_sec)) }
  }
}

extension StorageFailure {
  init(_ failure: SystemFailure) {
    let kind: Kind =
      switch failure.code {
      case EACCES: .permission
      case EPERM where !failure.operation.hasPrefix("link"): .permission
      case ENOSPC, EDQUOT: .full
      case ENOENT: .missing
      // What is there by this answer could not be opened: a cache of names is behind.
      case EEXIST: .lag
      // vfat answers EPERM, overlay and FUSE filesystems ENOSYS or EOPNOTSUPP, Lustre and OCFS2 may answer EMLINK.
      case EPERM, ENOSYS, EOPNOTSUPP, EMLINK: .unsupported
      default: .other
      }
    self.init(kind, failure.text)
  }
}
