namespace HealthLedger.Vault.Keys;

/// <summary>The passphrase does not open this key directory. The host ends with exit code 3.</summary>
public sealed class WrongPassphraseException(string path)
    : Exception($"The passphrase does not open the key directory {path}. Give the one it was made with (HEALTHLEDGER_PASSPHRASE or HealthLedger:PassphraseFile).");

/// <summary>The data directory belongs to another key directory, or its keys are gone.</summary>
public sealed class ForeignDirectoryException : Exception
{
    /// <summary><paramref name="data"/> belongs to <paramref name="owner"/>, but the keys at <paramref name="keys"/> are those of <paramref name="found"/>.</summary>
    public ForeignDirectoryException(string data, TenantId owner, string keys, TenantId found)
        : base($"The data in {data} belongs to the key directory of tenant {owner}, but {keys} is the key directory of tenant {found}. "
            + $"Point HealthLedger:Keys at the directory with tenant {owner}, or HealthLedger:Data at an empty one.")
    {
    }

    internal ForeignDirectoryException(string data, TenantId owner, string keys)
        : base($"The data in {data} belongs to the key directory of tenant {owner}, but {keys} holds no keys. "
            + $"Restore that key directory or point HealthLedger:Keys at it; to begin anew, point HealthLedger:Data at an empty directory.")
    {
    }
}

/// <summary>
/// Records were to be written where rows lie that no key here opens: the key directory is older than the data. Nothing is written, so that the right keys, once they are put back, find all as it was.
/// </summary>
public sealed class LostKeysException() : Exception("Rows lie where records were to be written, and no key opens them: the key directory is older than the data. Put back the newest keys.");

/// <summary>A file of the key directory is damaged, or was written by a later version.</summary>
public sealed class DamagedKeysException(string message, Exception? inner = null) : Exception(message, inner);
