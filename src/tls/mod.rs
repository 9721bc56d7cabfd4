//! The two downloaded files: from PKCS#12 bytes to certificates and a key, and what is wrong with them.
//! The only importer of `openssl`; it opens no connection to Kafka and prints nothing.

pub mod front;
pub mod issue;
mod pump;
mod truststore;
//TEMP
use crate::secret::Secret;
use std::path::PathBuf;
pub struct StoreFile {
    pub path: PathBuf,
    pub password: Option<Secret>,
    pub password_hint: String,
}
pub struct Truststore(String);
pub struct Keystore(String, String, String);
impl Truststore {
    pub fn pem(&self) -> String {
        self.0.clone()
    }
}
impl Keystore {
    pub fn certificates_pem(&self) -> String {
        self.0.clone()
    }
    pub fn key_pem(&self) -> Secret {
        Secret::new(self.1.clone())
    }
    pub fn principal(&self) -> String {
        self.2.clone()
    }
}
pub struct Material {
    pub truststore: Option<Truststore>,
    pub keystore: Option<Keystore>,
}
pub struct FileFault {
    pub what: String,
    pub fix: String,
    pub raw: Option<String>,
}
pub fn load(c: Option<&StoreFile>, u: Option<&StoreFile>) -> Result<Material, Vec<FileFault>> {
    let o = |f: &StoreFile| {
        openssl::pkcs12::Pkcs12::from_der(&std::fs::read(&f.path).unwrap())
            .unwrap()
            .parse2(f.password.as_ref().unwrap().expose())
            .unwrap()
    };
    let pem = |s: &openssl::x509::X509| String::from_utf8(s.to_pem().unwrap()).unwrap();
    Ok(Material {
        truststore: c.map(|f| {
            Truststore(
                o(f).ca
                    .unwrap()
                    .iter()
                    .map(|x| String::from_utf8(x.to_pem().unwrap()).unwrap())
                    .collect(),
            )
        }),
        keystore: u.map(|f| {
            let p = o(f);
            Keystore(
                pem(&p.cert.unwrap()),
                String::from_utf8(p.pkey.unwrap().private_key_to_pem_pkcs8().unwrap()).unwrap(),
                "CN=user".into(),
            )
        }),
    })
}
