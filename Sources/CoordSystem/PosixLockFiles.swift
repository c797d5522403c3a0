public import CoordCore
import Glibc

/// The lock directory on a real filesystem.
public struct PosixLockFiles: LockFiles, Sendable {
  public let directory: String
  private let mode: mode_t

  /// - Parameter directory: exists. Files in it may be read by whoever may read the directory.
  public init(directory: String) {
    self.directory = directory
    mode = Glibc.mode_t(0o600) | ((status(of: directory)?.st_mode ?? 0o755) & 0o044)
  }

  private func path(_ name: String) -> String { directory + "/" + name }

  public func names() throws(StorageFailure) -> [String] {
    do throws(SystemFailure) { return try entries(of: directory) } catch { throw StorageFailure(error) }
  }

  public func read(_ name: String) throws(StorageFailure) -> [UInt8]? {
    do throws(SystemFailure) { return try contents(of: path(name)) } catch { throw StorageFailure(error) }
  }

  public func stage(_ bytes: [UInt8], as temporary: String) throws(StorageFailure) -> WallTime {
    let path = path(temporary)
    do throws(SystemFailure) {
      return WallTime(seconds: Int64(try CoordSystem.stage(bytes, at: path, mode: mode).st_mtim.tv_sec))
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

  public func unstage(_ temporary: String) {
    unlink(path(temporary))
    if let descriptor = try? Descriptor(path: directory, O_RDONLY | O_DIRECTORY) { try? descriptor.sync(directory) }
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
      // vfat answers EPERM, overlay and FUSE filesystems ENOSYS or EOPNOTSUPP, Lustre and OCFS2 may answer EMLINK.
      case EPERM, ENOSYS, EOPNOTSUPP, EMLINK: .unsupported
      default: .other
      }
    self.init(kind, failure.text)
  }
}
