//! Media of a smart robot: encrypted with the robot's own key (wecom-bots-h5 §1.3).

use crate::crypto::{AesKey, CryptoError};

/// Decrypts what the address of an image, file or video gave.
///
/// Get the address within 5 minutes, over https only, with a limit on its size (100 MB). The key
/// is [`Keys::aes_key`](crate::crypto::Keys::aes_key) in URL mode.
///
/// # Errors
/// [`CryptoError::CiphertextLength`] or [`CryptoError::Padding`].
pub fn decrypt_media(key: &AesKey, mut bytes: Vec<u8>) -> Result<Vec<u8>, CryptoError> {
    key.decrypt_in_place(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn vector_b_decrypts() {
        let key = AesKey::from_base64("SvaC36RXtvk923NmJQzXMpEcsSgxIRxM435JbNrWsNA").unwrap();
        let bytes = STANDARD
            .decode("i/0ebjSu3hwojDtzGOShZL4wNXs+kG3v3wk/Na2RbFE=")
            .unwrap();
        assert_eq!(decrypt_media(&key, bytes).unwrap(), b"media");
        assert_eq!(
            decrypt_media(&key, vec![0; 15]),
            Err(CryptoError::CiphertextLength)
        );
        assert_eq!(
            decrypt_media(&key, Vec::new()),
            Err(CryptoError::CiphertextLength)
        );
    }
}
